// Text byte by byte: words are made, counted in a hash table, searched for, numbers written and read back.
#include "kernel.h"

#define LENGTH 60000
#define SLOTS 4096

static char text[LENGTH + 1], number[24];
static struct { char *word; uint32_t count; } slots[SLOTS];

static size_t length(const char *s) {
  const char *end = s;
  while (*end) end++;
  return (size_t)(end - s);
}

static int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static const char *find(const char *where, const char *what) {
  for (; *where; where++) {
    size_t i = 0;
    while (what[i] && where[i] == what[i]) i++;
    if (!what[i]) return where;
  }
  return NULL;
}

static char *decimal(uint32_t value) {
  char *p = number + sizeof number - 1;
  do *--p = (char)('0' + value % 10); while (value /= 10);
  return p;
}

static uint32_t parse(const char *s) {
  uint32_t value = 0;
  while (*s >= '0' && *s <= '9') value = value * 10 + (uint32_t)(*s++ - '0');
  return value;
}

static void write_text(uint64_t random) {
  static const char *const syllables[] = { "ka", "lo", "mi", "ren", "tu", "sa", "vel", "no", "dri", "qua", "pe", "ost", "ul", "bar", "ix", "hem" };
  char *p = text;
  while (p < text + LENGTH - 16) {
    uint64_t x = next_random(&random);
    for (int part = (int)(x >> 60) % 3; part >= 0; part--, x >>= 4) {
      for (const char *s = syllables[x & 15]; *s; s++) *p++ = *s;
    }
    *p++ = (x & 7) == 0 ? '\n' : ' ';
  }
  *p = 0;
}

static uint64_t count_words(void) {
  uint64_t different = 0;
  for (int i = 0; i < SLOTS; i++) slots[i].word = NULL;
  for (char *p = text; *p;) {
    char *word = p;
    uint32_t hash = 2166136261u;
    while (*p != ' ' && *p != '\n' && *p) hash = (hash ^ (uint8_t)*p++) * 16777619u;
    if (*p) *p++ = 0;
    uint32_t at = hash % SLOTS;
    while (slots[at].word && compare(slots[at].word, word) != 0) at = (at + 1) % SLOTS;
    if (!slots[at].word) {
      // The table must not fill up: rare words beyond three quarters are left out.
      if (different > SLOTS / 4 * 3) continue;
      slots[at].word = word;
      slots[at].count = 0;
      different++;
    }
    slots[at].count++;
  }
  return different;
}

uint64_t kernel(uint64_t repetition) {
  write_text(0x2545f4914f6cdd1du * (repetition | 1));
  uint64_t sum = 0;
  for (const char *p = text; (p = find(p, "vel")) != NULL; p++) sum++;
  sum = sum * 31 + count_words();
  for (int i = 0; i < SLOTS; i++) {
    if (!slots[i].word) continue;
    sum = sum * 31 + length(slots[i].word) * slots[i].count + parse(decimal(slots[i].count * 7919 + (uint32_t)i));
  }
  return sum;
}
