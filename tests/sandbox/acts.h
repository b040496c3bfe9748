/* SPDX-License-Identifier: Apache-2.0 */
/** @file A sandbox, and inputs that make the engine in it do something (hostile_engine.c). */
#ifndef TESTS_SANDBOX_ACTS_H
#define TESTS_SANDBOX_ACTS_H

#include "sandbox/sandbox.h"

/** Its child counts what it compiles from 0. A failure fails the test. */
struct fl_sandbox *open_with(struct fl_sandbox_options options);

/** Analyse "hostile @p act". @p err is cleared first. */
enum fl_code act_on(struct fl_sandbox *sandbox, const char *act, const struct fl_sandbox_elf *elfs,
		    size_t count, struct fl_error *err);

#endif
