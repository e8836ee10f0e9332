#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>
int main(int c, char** v) {
  int n = c > 1 ? atoi(v[1]) : 512;
  float *a = malloc(n * n * 4), *b = malloc(n * n * 4), *r = malloc(n * n * 4);
  for (int i = 0; i < n * n; i++) {
    a[i] = i % 13 * .5f;
    b[i] = i % 7 - 3;
  }
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j += 4) wasm_v128_store(r + i * n + j, wasm_f32x4_splat(0));
      for (int x = 0; x < n; x++) {
        v128_t s = wasm_f32x4_splat(a[i * n + x]);
        for (int j = 0; j < n; j += 4)
          wasm_v128_store(r + i * n + j, wasm_f32x4_add(wasm_v128_load(r + i * n + j),
                                                        wasm_f32x4_mul(s, wasm_v128_load(b + x * n + j))));
      }
    }
  double t = 0;
  for (int i = 0; i < n * n; i++) t += r[i];
  printf("%.3f\n", t);
}
