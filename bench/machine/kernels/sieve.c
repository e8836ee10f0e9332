#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int c, char** v) {
  int n = c > 1 ? atoi(v[1]) : 20000000, r = 3, p = 0;
  unsigned char* a = malloc(n + 1);
  while (r--) {
    memset(a, 1, n + 1);
    p = 0;
    for (int i = 2; i <= n; i++)
      if (a[i]) {
        p++;
        for (long long j = (long long)i * i; j <= n; j += i) a[j] = 0;
      }
  }
  printf("%d\n", p);
}
