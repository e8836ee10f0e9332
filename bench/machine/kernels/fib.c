#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int c, char** v) { printf("%d\n", fib(c > 1 ? atoi(v[1]) : 36)); }
