// A product of two matrices of doubles, 96 by 96, as it is defined: a sum in order, columns apart by a stride.
#include "kernel.h"

#define N 96

static double a[N][N], b[N][N], product[N][N];

uint64_t kernel(uint64_t repetition) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)((i * 5 + j * 3 + (int)repetition) % 17) / 16 - 0.5;
      b[i][j] = (double)((i * 2 + j * 7) % 19) / 32 + 0.1;
    }
  }
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
      product[i][j] = sum;
    }
  }
  double trace = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) trace += product[i][j] * ((i ^ j) & 3);
  return double_bits(trace);
}
