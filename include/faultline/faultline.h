/* SPDX-License-Identifier: Apache-2.0 */
/** @file All of libfaultline. */
#ifndef FAULTLINE_FAULTLINE_H
#define FAULTLINE_FAULTLINE_H

#include "analyze.h"
#include "auto.h"
#include "buffer.h"
#include "carrier.h"
#include "dump.h"
#include "error.h"
#include "event.h"
#include "report.h"
#include "rules.h"
#include "symbols.h"
#include "transport.h"

#endif
