// SPDX-License-Identifier: Apache-2.0
// The same header in a unit of another language and DWARF version, and enumerators of its own:
// an enumeration in a namespace, one in a class, one in a function.
#include "reasons.h"

namespace radio {
enum Reason : unsigned short { kMfltRebootReason_Overheated = 0xa007 };
struct Antenna {
	enum { kMfltRebootReason_Broken = 0xa008 };
	int reason() { return kMfltRebootReason_Broken; }
};
}

volatile radio::Reason radio_reason;
volatile eMemfaultRebootReason more_reason;

extern "C" int more(int n)
{
	enum Local { kMfltRebootReason_Local = 0xa009 };
	volatile Local local = kMfltRebootReason_Local;
	radio_reason = radio::kMfltRebootReason_Overheated;
	return radio::Antenna().reason() + local + n;
}
