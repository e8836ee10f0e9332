#include "zstd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int c, char** v) {
  int n = (c > 1 ? atoi(v[1]) : 8) * 1048576;
  unsigned char* a = malloc(n);
  unsigned x = 1;
  for (int i = 0; i < n; i++) {
    x = x * 1664525 + 1013904223;
    a[i] = (i % 97 < 60) ? "the quick brown fox jumps over the lazy dog "[(i + (x >> 30)) % 44] : (x >> 24);
  }
  size_t m = ZSTD_compressBound(n);
  char* b = malloc(m);
  char* d = malloc(n);
  size_t k = ZSTD_compress(b, m, a, n, 3);
  size_t r = ZSTD_decompress(d, n, b, k);
  printf("%zu %zu %d\n", k, r, memcmp(a, d, n));
  return 0;
}
