// SPDX-License-Identifier: Apache-2.0
// Scopes, members and origins as C++ and link-time optimisation make them.
#define ALONE __attribute__((noinline))
#define SLOTS 2
#include "kinds.h"

extern volatile int sink;
volatile int sink;

namespace app {
struct Outer {
	struct Inner;
	class Hidden;
	int number;
};
struct Outer::Inner {
	int value;
	int get() const;
	static int count;
};
class Outer::Hidden {
	int a;

public:
	int take(int x) { return a += x; }
	ALONE int give(int x) { return a -= x; }
};
int Outer::Inner::count;
ALONE int Outer::Inner::get() const { return value + count; }

namespace {
struct Local {
	int x;
	ALONE int f() { return x * 3; }
};
}
inline namespace v1 {
ALONE int versioned(int a) { return a + 7; }
}
template <int N> struct Box {
	int v[N];
	ALONE int sum()
	{
		int s = 0;
		for (int x : v)
			s += x;
		return s;
	}
};
union Either {
	int i;
	float f;
	ALONE int as() { return i; }
};
enum class Color : signed char { Red = -1, Green };
}

// A name that the index keeps, with structures inside that are defined later.
namespace kernel {
struct k_thread {
	struct base;
	base *p;
	int table[3][4];
	app::Color c : 4;
	unsigned f : 20;
	struct {
		short s;
		union {
			char q[3];
			long l;
		};
	};
};
struct k_thread::base {
	int prio;
	char name[8];
	k_thread *next;
};
struct k_mutex : k_thread::base, virtual app::Outer {
	int owner;
};
}

// Alike but for the name of a member.
namespace one {
struct k_event {
	int count, limit;
};
}
namespace two {
struct k_event {
	int count, owner;
};
}

app::Outer::Hidden hidden;
app::Outer::Inner inner;
kernel::k_thread::base first_base;
kernel::k_thread thread;
kernel::k_mutex mutex;
one::k_event first_event;
two::k_event second_event;
static kernel::k_thread threads[2][3];

extern "C" int third(int a);
extern "C" int _start(int a)
{
	struct k_sem { // not the kernel's
		int local;
		int get() { return local + sink; }
	} s = { a };
	auto lambda = [&](int y) ALONE { return y + s.get(); };
	static struct {
		int deep;
	} k_timer = { 3 };
	app::Local l = { a };
	app::Box<5> box = {};
	app::Either u;
	u.i = a;
	sink = lambda(a) + l.f() + app::versioned(a) + box.sum() + u.as() + hidden.take(a) +
	       hidden.give(a) + inner.get() + k_timer.deep + thread.f + (int)threads[1][sink].f +
	       mutex.owner + first_base.prio + ticks(a) +
	       first_event.limit + second_event.owner;
	return sink + third(a);
}
