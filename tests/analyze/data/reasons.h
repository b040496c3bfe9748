/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REASONS_H
#define REASONS_H

typedef enum MfltResetReason {
	kMfltRebootReason_Unknown = 0x0000,
	kMfltRebootReason_PinReset = 0x000a,
	kMfltRebootReason_ExpectedBase = 0x1000,
	kMfltRebootReason_FactoryReset,
	kMfltRebootReason_SettingsChanged,
	kMfltRebootReason_Assert = 0x8001,
	kMfltRebootReason_Later = 0x8fff, /* assigned after this library was written */
	kMfltRebootReason_HardFault = 0x9400,
	kMfltRebootReason_UnexpectedBase = 0xa000,
	kMfltRebootReason_RadioStuck,
	kMfltRebootReason_BatteryRemoved,
} eMemfaultRebootReason;

typedef enum MfltTraceReasonUser {
	kMfltTraceReasonUser_Unknown = 0,
	kMfltTraceReasonUser_SensorTimeout,
	kMfltTraceReasonUser_FlashWriteFailed,
	kMfltTraceReasonUser_QueueFull,
	kMfltTraceReasonUser_NumReasons,
} eMfltTraceReasonUser;

/* One byte, negative values: neither may be taken for one of the above. */
enum Other { kOther_A = -1, kOther_B = 1, kMfltOther_C = 2 };

#endif
