/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose code lies in several places: each list of ranges begins with a base address. */
extern volatile int port[16];

static inline int mix(int a, int b, int c)
{
	int d = a * 31 + (b << 3);
	d ^= d >> 7;
	d += c * 17;
	return d ^ (d >> 3);
}

static inline int step(int a, int b)
{
	int x = port[a & 15] + b;
	int y = port[b & 15] - a;
	return mix(x, y, a) + mix(y, x, b);
}

int run(int a, int b)
{
	int s = 0;
	for (int i = 0; i < 4; i++) {
		int p = step(a + i, b);
		int q = step(b - i, a);
		port[i] = p + q;
		s += p * q;
	}
	return s;
}

volatile int port[16];

/* No code at all. */
void nothing(void)
{
	__builtin_unreachable();
}

int other(int a)
{
	typedef struct {
		int x;
	} k_stack; /* not the kernel's */
	volatile k_stack s = { a };
	return run(a, s.x + 1) - step(a, 3);
}
