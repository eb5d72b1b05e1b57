// SPDX-License-Identifier: Apache-2.0
// Decoding errors as people read them.

/// A decoding error as one line that names the place.
public func describe(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
        path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
        return "the field \"\(place(context.codingPath + [key]))\" is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
        return "the field \"\(place(context.codingPath))\" has the wrong type: "
            + context.debugDescription
    case .dataCorrupted(let context):
        return context.codingPath.isEmpty
            ? "cannot be parsed: \(context.debugDescription)"
            : "the field \"\(place(context.codingPath))\": \(context.debugDescription)"
    @unknown default: return "cannot be decoded: \(error)"
    }
}

extension DecodingError {
    /// Where in the data it was made.
    public var path: [any CodingKey] {
        switch self {
        case .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath
        @unknown default: []
        }
    }
}
