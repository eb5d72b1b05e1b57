// SPDX-License-Identifier: Apache-2.0
// The old name of the error, for targets that do not use the new one yet.

// Members of `InputError` and of digests are to be seen there without an import of their own.
@_exported public import JSONText

/// The error for bad input.
public typealias LanguageModelError = InputError
