// Five bodies that attract each other: doubles, square roots and divisions.
#include "kernel.h"

#define BODIES 5
#define STEPS 2000

typedef struct { double x, y, z, vx, vy, vz, mass; } body;

static void advance(body *bodies, double dt) {
  for (int i = 0; i < BODIES; i++) {
    body *one = &bodies[i];
    for (int j = i + 1; j < BODIES; j++) {
      body *other = &bodies[j];
      double dx = other->x - one->x, dy = other->y - one->y, dz = other->z - one->z;
      double square = dx * dx + dy * dy + dz * dz + 1e-6;
      double pull = dt / (square * __builtin_sqrt(square));
      one->vx += dx * other->mass * pull;
      one->vy += dy * other->mass * pull;
      one->vz += dz * other->mass * pull;
      other->vx -= dx * one->mass * pull;
      other->vy -= dy * one->mass * pull;
      other->vz -= dz * one->mass * pull;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static double energy(const body *bodies) {
  double sum = 0;
  for (int i = 0; i < BODIES; i++) {
    const body *one = &bodies[i];
    sum += one->mass * (one->vx * one->vx + one->vy * one->vy + one->vz * one->vz) / 2;
    for (int j = i + 1; j < BODIES; j++) {
      double dx = bodies[j].x - one->x, dy = bodies[j].y - one->y, dz = bodies[j].z - one->z;
      sum -= one->mass * bodies[j].mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz + 1e-6);
    }
  }
  return sum;
}

static body bodies[BODIES];

uint64_t kernel(uint64_t repetition) {
  for (int i = 0; i < BODIES; i++) {
    double distance = i * 1.5, tilt = (double)(repetition % 64) / 256;
    bodies[i] = (body){ distance, tilt * i, -0.1 * i, 0, i == 0 ? 0 : 6.0 / __builtin_sqrt(1 + distance), 0.05 * i, i == 0 ? 40 : 0.04 * i };
  }
  for (int i = 0; i < STEPS; i++) advance(bodies, 0.001);
  return double_bits(energy(bodies)) ^ double_bits(bodies[1].x);
}
