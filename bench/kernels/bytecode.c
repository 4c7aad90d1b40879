// A bytecode interpreter that looks for the longest Collatz sequence: a switch in a loop, and jumps that depend on data.
#include "kernel.h"

#define COUNT 1000

enum { PUSH, LOAD, STORE, ADD, MULTIPLY, AND, SHIFT, LESS, EQUAL, JUMP, UNLESS, CALL, RETURN, HALT };
enum { I, LIMIT, BEST, BEST_AT, N, STEPS, VARIABLES };

typedef struct { int32_t operation, operand; } instruction;

static const instruction program[] = {
  // for (; I < LIMIT; I++)
  /* 0*/ { LOAD, I }, { LOAD, LIMIT }, { LESS, 0 }, { UNLESS, 20 },
  /* 4*/ { LOAD, I }, { STORE, N }, { CALL, 21 },
  //   if (BEST < STEPS)
  /* 7*/ { LOAD, BEST }, { LOAD, STEPS }, { LESS, 0 }, { UNLESS, 15 },
  /*11*/ { LOAD, STEPS }, { STORE, BEST }, { LOAD, I }, { STORE, BEST_AT },
  /*15*/ { LOAD, I }, { PUSH, 1 }, { ADD, 0 }, { STORE, I }, { JUMP, 0 },
  /*20*/ { HALT, 0 },
  // STEPS = how many steps N takes to 1
  /*21*/ { PUSH, 0 }, { STORE, STEPS },
  /*23*/ { LOAD, N }, { PUSH, 1 }, { EQUAL, 0 }, { UNLESS, 28 }, { RETURN, 0 },
  /*28*/ { LOAD, STEPS }, { PUSH, 1 }, { ADD, 0 }, { STORE, STEPS },
  /*32*/ { LOAD, N }, { PUSH, 1 }, { AND, 0 }, { UNLESS, 43 },
  /*36*/ { LOAD, N }, { PUSH, 3 }, { MULTIPLY, 0 }, { PUSH, 1 }, { ADD, 0 }, { STORE, N }, { JUMP, 23 },
  /*43*/ { LOAD, N }, { PUSH, 1 }, { SHIFT, 0 }, { STORE, N }, { JUMP, 23 },
};

static void interpret(const instruction *code, int64_t *variables) {
  int64_t stack[32], *top = stack;
  const instruction *next = code, *returns[8], **caller = returns;
  for (;;) {
    instruction now = *next++;
    switch (now.operation) {
      case PUSH: *top++ = now.operand; break;
      case LOAD: *top++ = variables[now.operand]; break;
      case STORE: variables[now.operand] = *--top; break;
      case ADD: top--; top[-1] += *top; break;
      case MULTIPLY: top--; top[-1] *= *top; break;
      case AND: top--; top[-1] &= *top; break;
      case SHIFT: top--; top[-1] >>= *top; break;
      case LESS: top--; top[-1] = top[-1] < *top; break;
      case EQUAL: top--; top[-1] = top[-1] == *top; break;
      case JUMP: next = code + now.operand; break;
      case UNLESS: if (!*--top) next = code + now.operand; break;
      case CALL: *caller++ = next; next = code + now.operand; break;
      case RETURN: next = *--caller; break;
      case HALT: return;
    }
  }
}

uint64_t kernel(uint64_t repetition) {
  int64_t variables[VARIABLES] = { [I] = (int64_t)repetition, [LIMIT] = (int64_t)repetition + COUNT };
  interpret(program, variables);
  return (uint64_t)variables[BEST] << 32 | (uint64_t)variables[BEST_AT];
}
