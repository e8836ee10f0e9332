#include <stdio.h>
#include <stdlib.h>
int main(int c, char** v) {
  int n = c > 1 ? atoi(v[1]) : 400;
  double *a = malloc(n * n * 8), *b = malloc(n * n * 8), *r = malloc(n * n * 8);
  for (int i = 0; i < n * n; i++) {
    a[i] = i % 13 * .5;
    b[i] = i % 7 - 3;
  }
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        double s = 0;
        for (int x = 0; x < n; x++) s += a[i * n + x] * b[x * n + j];
        r[i * n + j] = s;
      }
  double t = 0;
  for (int i = 0; i < n * n; i++) t += r[i];
  printf("%.3f\n", t);
}
