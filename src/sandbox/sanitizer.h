/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * AddressSanitizer reserves terabytes of address space and opens files when it reports: neither
 * RLIMIT_AS nor the filter can be used with it.
 */
#ifndef SANDBOX_SANITIZER_H
#define SANDBOX_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define FL_BUILT_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FL_BUILT_WITH_ASAN 1
#endif
#endif
#ifndef FL_BUILT_WITH_ASAN
#define FL_BUILT_WITH_ASAN 0
#endif

#endif
