// SPDX-License-Identifier: Apache-2.0
// A unit before that of shapes.cpp, with entries that refer into it.
#define SLOTS 3
#include "kinds.h"

namespace app {
inline namespace v1 {
int versioned(int a);
}
}
namespace kernel {
struct k_thread {
	struct base {
		int prio;
		char name[8];
		k_thread *next;
	};
};
}
extern volatile int sink;
extern kernel::k_thread::base first_base;

static inline int help(int x)
{
	return x * sink + app::versioned(x) + ticks(x);
}

extern "C" __attribute__((noinline)) int second(int a)
{
	int s = 0;
	for (int i = 0; i < a; i++)
		s += help(i) + first_base.prio;
	return s;
}

extern "C" __attribute__((noinline)) int third(int a)
{
	return a > sink ? second(a) + help(a) : help(-a);
}
