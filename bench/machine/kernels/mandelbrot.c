#include <stdio.h>
#include <stdlib.h>
int main(int c, char** v) {
  int n = c > 1 ? atoi(v[1]) : 600;
  long s = 0;
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++) {
      double a = 2. * x / n - 1.5, b = 2. * y / n - 1, u = 0, w = 0;
      int k = 0;
      while (k < 200 && u * u + w * w < 4) {
        double t = u * u - w * w + a;
        w = 2 * u * w + b;
        u = t;
        k++;
      }
      s += k;
    }
  printf("%ld\n", s);
}
