// SPDX-License-Identifier: Apache-2.0
// The entry to libFuzzer, which -sanitize=fuzzer links.

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
