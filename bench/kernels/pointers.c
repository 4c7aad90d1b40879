// A list of 64 Ki nodes in 4 MiB, linked in random order: each load needs the one before it.
#include "kernel.h"

#define NODES 65536

typedef struct node { struct node *next; uint64_t value, space[6]; } node;

static node nodes[NODES];
static uint32_t order[NODES];

static void link(void) {
  uint64_t random = 88172645463325252u;
  for (uint32_t i = 0; i < NODES; i++) order[i] = i;
  for (uint32_t i = NODES - 1; i > 0; i--) {
    uint32_t j = (uint32_t)(next_random(&random) % (i + 1)), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < NODES; i++) {
    nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
    nodes[order[i]].value = next_random(&random);
  }
}

uint64_t kernel(uint64_t repetition) {
  if (repetition == 1) link();
  uint64_t sum = repetition;
  const node *at = &nodes[repetition % NODES];
  for (uint32_t i = 0; i < NODES; i++) {
    sum += at->value ^ i;
    at = at->next;
  }
  return sum;
}
