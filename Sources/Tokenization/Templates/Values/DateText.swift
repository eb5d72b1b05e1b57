// SPDX-License-Identifier: Apache-2.0
// strftime for the date that a template gets.

import Foundation
import JSONText

/// A moment in UTC, with English names.
struct DateText {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private let parts: DateComponents
    private let dayOfYear: Int

    init(_ date: Date) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .weekday], from: date)
        dayOfYear = calendar.ordinality(of: .day, in: .year, for: date) ?? 1
    }

    /// Formats the moment.
    ///
    /// - Parameters:
    ///   - format: A format of C's `strftime`.
    ///   - position: The place of the call in the template.
    /// - Returns: The text.
    /// - Throws: An error for a directive that is not supported.
    func text(
        _ format: String, _ position: TemplatePosition
    ) throws(InputError) -> String {
        var result = ""
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%", var directive = scalars.next() else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let isShort = directive == "-"
            if isShort { directive = scalars.next() ?? "-" }
            guard let part = part(directive, isShort ? 1 : 2) else {
                throw position.error(
                    "strftime_now does not know %\(directive)",
                    "supported: %Y %y %m %B %b %d %H %I %M %S %p %A %a %j %%")
            }
            result += part
        }
        return result
    }

    private func part(_ directive: Unicode.Scalar, _ width: Int) -> String? {
        func padded(_ number: Int?, _ width: Int) -> String {
            let digits = String(number ?? 0)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let hour = parts.hour ?? 0
        let month = Self.months[((parts.month ?? 1) - 1) % 12]
        let weekday = Self.weekdays[((parts.weekday ?? 1) - 1) % 7]
        return switch directive {
        case "Y": padded(parts.year, 4)
        case "y": padded((parts.year ?? 0) % 100, width)
        case "m": padded(parts.month, width)
        case "B": month
        case "b": String(month.prefix(3))
        case "d": padded(parts.day, width)
        case "H": padded(hour, width)
        case "I": padded((hour + 11) % 12 + 1, width)
        case "M": padded(parts.minute, width)
        case "S": padded(parts.second, width)
        case "p": hour < 12 ? "AM" : "PM"
        case "A": weekday
        case "a": String(weekday.prefix(3))
        case "j": padded(dayOfYear, width == 1 ? 1 : 3)
        case "%": "%"
        default: nil
        }
    }
}
