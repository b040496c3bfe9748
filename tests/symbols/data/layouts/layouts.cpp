/* SPDX-License-Identifier: Apache-2.0 */
/* What C++ adds: bases, static members, namespaces, nested and templated classes, references. */
#include "layouts.h"

namespace kernel
{
int linked;
enum class state : signed char { READY = -1, DONE };

struct node {
	node *next;
	uint16_t flags;
};

class k_thread : public node
{
      public:
	static int count;
	static constexpr int limit = 4;
	struct saved {
		uint32_t regs[8];
		int &link = linked;
	};
	state now;
	saved context;
	bool ready : 1;
	bool busy : 2;
	union {
		int as_int;
		float as_float;
	};
	virtual int run()
	{
		return 0;
	}
	int node::*member;
};

template <typename T> struct box {
	T inside[2];
};
using k_queue = box<node>;

extern k_thread z_main_thread;
struct holder {
	static node *pxCurrentTCB;
};
node *holder::pxCurrentTCB;
int16_t xTickCount = 3;
namespace
{
int xQueueRegistry[4];
}
} // namespace kernel

int kernel::k_thread::count;
static int target;
kernel::k_queue xPendingReadyList;
kernel::k_thread z_idle_threads[2];

#pragma GCC diagnostic ignored "-Winvalid-offsetof"
#define ROW(type, name, path, count, flags) \
	{ \
#name, #path, (uint32_t) __builtin_offsetof(type, path), \
			sizeof(((type *)0)->path), count, flags, NULL, 0 \
	}
extern "C" __attribute__((used)) const struct expected expected[] = {
	{ "k_thread", "", 0, sizeof(kernel::k_thread), 0, 0, NULL, 0 },
	ROW(kernel::k_thread, k_thread, next, 1, POINTER),
	ROW(kernel::k_thread, k_thread, flags, 1, 0),
	ROW(kernel::k_thread, k_thread, now, 1, SIGNED),
	ROW(kernel::k_thread, k_thread, context, 1, 0),
	ROW(kernel::k_thread, k_thread, context.regs, 8, 0),
	ROW(kernel::k_thread, k_thread, as_float, 1, FLOAT),
	ROW(kernel::k_thread, k_thread, context.link, 1, POINTER),
	{ "k_queue", "", 0, sizeof(kernel::k_queue), 0, 0, NULL, 0 },
	ROW(kernel::k_queue, k_queue, inside, 2, 0),
	ROW(kernel::k_queue, k_queue, inside[0].flags, 1, 0),
	{ "", "pxCurrentTCB", (uint32_t)(uintptr_t)&kernel::holder::pxCurrentTCB, 4, 1, POINTER,
	  NULL, 0 },
	{ "", "xTickCount", (uint32_t)(uintptr_t)&kernel::xTickCount, 2, 1, SIGNED, NULL, 0 },
	{ "", "xQueueRegistry", (uint32_t)(uintptr_t)&kernel::xQueueRegistry, 16, 4, SIGNED, NULL,
	  0 },
	{ "", "xPendingReadyList", (uint32_t)(uintptr_t)&xPendingReadyList,
	  sizeof(xPendingReadyList), 1, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, 0, NULL, 0 },
};

extern "C" int start()
{
	kernel::xQueueRegistry[0] = target++;
	return z_idle_threads[0].as_int + (kernel::holder::pxCurrentTCB != nullptr) +
	       kernel::xTickCount++ + xPendingReadyList.inside[0].flags;
}
