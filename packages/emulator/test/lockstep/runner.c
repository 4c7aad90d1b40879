// Executes instruction streams for the test beside it. For each record on standard input: loads every register, jumps
// into the code, and once that traps writes every register and the data to standard output. A signal's frame holds all
// registers, so none is lost to this program: returning from the handler starts a stream, the next signal ends it.
typedef unsigned long u64;
typedef unsigned char u8;

#define CODE ((u8 *)0x40000000)
#define CODE_BYTES 0x10000
#define DATA ((u8 *)0x40010000)
#define DATA_BYTES 0x2000

struct input { u64 start, length, x[32], f[32], fcsr; };
struct output { u64 signal, pc, x[32], f[32], fcsr; };

// Linux's struct ucontext for RISC-V.
struct context {
  u64 flags, link, stack[3], mask, unused[15], padding;
  u64 pc, x[31], f[32];
  unsigned fcsr;
};
struct action { void (*handler)(int, void *, struct context *); u64 flags, mask; };

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long a7 asm("a7") = number, a0 asm("a0") = a, a1 asm("a1") = b, a2 asm("a2") = c;
  register long a3 asm("a3") = d, a4 asm("a4") = e, a5 asm("a5") = f;
  asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a0;
}
static void leave(int code) { for (;;) call(94, code, 0, 0, 0, 0, 0); }

// 1 if all of it came, 0 at the end of input.
static int get(void *to, u64 length) {
  for (u64 done = 0; done < length;) {
    long n = call(63, 0, (long)to + done, length - done, 0, 0, 0);
    if (n <= 0) { if (n == 0 && done == 0) return 0; leave(3); }
    done += n;
  }
  return 1;
}
static void put(const void *from, u64 length) {
  for (u64 done = 0; done < length;) {
    long n = call(64, 1, (long)from + done, length - done, 0, 0, 0);
    if (n <= 0) leave(4);
    done += n;
  }
}

static int running;
static u64 scratch;
static struct input in;
static struct output out;

static void trapped(int signal, void *information, struct context *context) {
  (void)information;
  // No reservation may live on in the next stream.
  asm volatile("sc.d x0, x0, (%0)" : : "r"(&scratch) : "memory");
  if (running) {
    out.signal = signal;
    out.pc = context->pc;
    for (int i = 1; i < 32; i++) out.x[i] = context->x[i - 1];
    for (int i = 0; i < 32; i++) out.f[i] = context->f[i];
    out.fcsr = context->fcsr;
    put(&out, sizeof out);
    put(DATA, DATA_BYTES);
  }
  running = 1;
  if (!get(&in, sizeof in)) leave(0);
  if (in.start + in.length > CODE_BYTES || !get(DATA, DATA_BYTES) || !get(CODE + in.start, in.length)) leave(5);
  asm volatile("fence.i" : : : "memory");
  context->pc = (u64)CODE + in.start;
  for (int i = 1; i < 32; i++) context->x[i - 1] = in.x[i];
  for (int i = 0; i < 32; i++) context->f[i] = in.f[i];
  context->fcsr = in.fcsr;
}

static u8 stack[65536];

void _start(void) {
  const int readWriteExecute = 7, privateAnonymousFixed = 0x32;
  u64 alternate[3] = {(u64)stack, 0, sizeof stack};
  struct action action = {trapped, 0x08000004 /* SA_ONSTACK, SA_SIGINFO */, 0};
  if (call(222, (long)CODE, CODE_BYTES + DATA_BYTES, readWriteExecute, privateAnonymousFixed, -1, 0) != (long)CODE) leave(6);
  call(132, (long)alternate, 0, 0, 0, 0, 0);
  const int signals[] = {4, 5, 7, 11};
  for (int i = 0; i < 4; i++) call(134, signals[i], (long)&action, 0, 8, 0, 0);
  asm volatile("ebreak");
  leave(7);
}
