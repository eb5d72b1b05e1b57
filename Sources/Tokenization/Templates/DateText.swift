// SPDX-License-Identifier: Apache-2.0
// strftime for the date that a template gets.

import Foundation

/// A moment in UTC, with English names.
struct DateText {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private let date: Date
    private let parts: DateComponents
    private let week: DateComponents
    /// The day of the year, from 0.
    private let dayOfYear: Int
    /// The day of the week, from 0 for Sunday.
    private let weekday: Int

    init(_ date: Date) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        var weeks = Calendar(identifier: .iso8601)
        weeks.timeZone = .gmt
        self.date = date
        parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .weekday], from: date)
        week = weeks.dateComponents([.weekOfYear, .yearForWeekOfYear], from: date)
        dayOfYear = (calendar.ordinality(of: .day, in: .year, for: date) ?? 1) - 1
        weekday = (parts.weekday ?? 1) - 1
    }

    /// Formats the moment.
    ///
    /// - Parameter format: A format of C's `strftime`. Directives that it does not know stay as
    ///   they are.
    /// - Returns: The text.
    func text(_ format: String) -> String {
        var result = ""
        var rest = Array(format.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let tail = rest
            var flag: Unicode.Scalar?
            while let first = rest.first, "-_0^#".unicodeScalars.contains(first) {
                flag = first
                rest.removeFirst()
            }
            if let part = rest.popFirst().flatMap({ part($0, flag) }) {
                result += flag == "^" || flag == "#" ? part.uppercased() : part
            } else {
                result += "%"
                rest = tail
            }
        }
        return result
    }

    private func part(_ directive: Unicode.Scalar, _ flag: Unicode.Scalar?) -> String? {
        func number(_ value: Int?, _ width: Int = 2, _ padding: String = "0") -> String {
            let digits = String(value ?? 0)
            let fill = flag == "_" ? " " : flag == "0" ? "0" : padding
            let count = flag == "-" ? 0 : width - digits.count
            return String(repeating: fill, count: max(0, count)) + digits
        }
        let (year, hour) = (parts.year ?? 0, parts.hour ?? 0)
        let month = Self.months[((parts.month ?? 1) - 1) % 12]
        let day = Self.weekdays[weekday % 7]
        switch directive {
        case "Y": return number(year, 4)
        case "y": return number(year % 100)
        case "C": return number(year / 100)
        case "G": return number(week.yearForWeekOfYear, 4)
        case "g": return number((week.yearForWeekOfYear ?? 0) % 100)
        case "m": return number(parts.month)
        case "B": return month
        case "b", "h": return String(month.prefix(3))
        case "d": return number(parts.day)
        case "e": return number(parts.day, 2, " ")
        case "j": return number(dayOfYear + 1, 3)
        case "A": return day
        case "a": return String(day.prefix(3))
        case "u": return number(weekday == 0 ? 7 : weekday, 1)
        case "w": return number(weekday, 1)
        case "U": return number((dayOfYear + 7 - weekday) / 7)
        case "W": return number((dayOfYear + 7 - (weekday + 6) % 7) / 7)
        case "V": return number(week.weekOfYear)
        case "H": return number(hour)
        case "k": return number(hour, 2, " ")
        case "I": return number((hour + 11) % 12 + 1)
        case "l": return number((hour + 11) % 12 + 1, 2, " ")
        case "M": return number(parts.minute)
        case "S": return number(parts.second)
        case "f": return "000000"
        case "s": return String(Int(date.timeIntervalSince1970))
        case "p": return hour < 12 ? "AM" : "PM"
        case "P": return hour < 12 ? "am" : "pm"
        case "z", "Z": return ""
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        default: return Self.compositions[directive].map { DateText(date).text($0) }
        }
    }

    private static let compositions: [Unicode.Scalar: String] = [
        "F": "%Y-%m-%d", "T": "%H:%M:%S", "D": "%m/%d/%y", "R": "%H:%M", "r": "%I:%M:%S %p",
        "c": "%a %b %e %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S",
    ]
}
