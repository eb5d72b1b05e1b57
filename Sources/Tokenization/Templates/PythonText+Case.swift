// SPDX-License-Identifier: Apache-2.0
// Python's string methods for case, classes of characters and width.

extension PythonText {
    /// Returns a product of sizes, or a very great number when it overflows.
    static func product(_ left: Int, _ right: Int) -> Int {
        let (product, overflows) = left.multipliedReportingOverflow(by: right)
        return overflows ? Int.max / 2 : min(product, Int.max / 2)
    }

    /// `text.swapcase()`
    static func swappedCase(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            result +=
                properties.isUppercase ? properties.lowercaseMapping : properties.uppercaseMapping
        }
        return result
    }

    /// `text.casefold()`
    static func foldedCase(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            for upper in scalar.properties.uppercaseMapping.unicodeScalars {
                result += upper.properties.lowercaseMapping
            }
        }
        return result
    }

    /// `text.center(width, fill)`, `ljust`, `rjust` or `zfill`
    static func padded(
        _ text: String, to width: Int, _ fill: Unicode.Scalar, _ method: String
    ) -> String {
        let missing = max(width - text.unicodeScalars.count, 0)
        func padding(_ count: Int) -> String {
            String(repeating: String(method == "zfill" ? "0" : fill), count: count)
        }
        switch method {
        case "ljust": return text + padding(missing)
        case "rjust": return padding(missing) + text
        case "zfill":
            let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
            return sign + padding(missing) + text.dropFirst(sign.count)
        default:
            let left = missing / 2 + (missing & width & 1)
            return padding(left) + text + padding(missing - left)
        }
    }

    /// `text.expandtabs(size)`
    static func expandingTabs(_ text: String, _ size: Int) -> String {
        var result = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                for _ in 0..<count { result.append(" ") }
                column += count
            } else {
                result.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(result)
    }

    /// `text.isdigit()` and the other methods that ask whether all characters are of a class.
    static func holds(_ method: String, for text: String) -> Bool {
        let scalars = text.unicodeScalars
        switch method {
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isprintable": return scalars.allSatisfy(\.isPrintable)
        case "isupper": return isCased(text, as: \.isUppercase)
        case "islower": return isCased(text, as: \.isLowercase)
        case "istitle": return isTitle(text)
        case "isidentifier":
            return scalars.first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
                && scalars.allSatisfy(\.properties.isXIDContinue)
        default: return !scalars.isEmpty && scalars.allSatisfy { isMember($0, of: method) }
        }
    }

    private static func isMember(_ scalar: Unicode.Scalar, of method: String) -> Bool {
        let properties = scalar.properties
        let isLetter =
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter:
                true
            default: false
            }
        switch method {
        case "isspace": return scalar.isPythonSpace
        case "isalpha": return isLetter
        case "isalnum": return isLetter || properties.numericType != nil
        case "isdecimal": return properties.numericType == .decimal
        case "isdigit":
            return properties.numericType == .decimal || properties.numericType == .digit
        default: return properties.numericType != nil
        }
    }

    /// Returns whether all characters with case have the given one, and one has.
    static func isCased(
        _ text: String, as isRight: (Unicode.Scalar.Properties) -> Bool
    ) -> Bool {
        var isFound = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            let hasCase =
                properties.isUppercase || properties.isLowercase
                || properties.generalCategory == .titlecaseLetter
            guard hasCase else { continue }
            guard isRight(properties) else { return false }
            isFound = true
        }
        return isFound
    }

    private static func isTitle(_ text: String) -> Bool {
        var (isFound, followsCased) = (false, false)
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if properties.isUppercase || properties.generalCategory == .titlecaseLetter {
                if followsCased { return false }
                (isFound, followsCased) = (true, true)
            } else if properties.isLowercase {
                if !followsCased { return false }
            } else {
                followsCased = false
            }
        }
        return isFound
    }

    // MARK: - Words and addresses

    /// Returns the number of words: runs of letters, digits and `_`.
    static func wordCount(_ text: String) -> Int {
        var (count, isInWord) = (0, false)
        for scalar in text.unicodeScalars {
            let isPart = scalar == "_" || isMember(scalar, of: "isalnum")
            if isPart, !isInWord { count += 1 }
            isInWord = isPart
        }
        return count
    }

    /// Returns the text as a part of an address: in a path, or in a query.
    static func urlQuoted(_ text: String, isQuery: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-", "~":
                result.unicodeScalars.append(scalar)
            case "/" where !isQuery: result += "/"
            case " " where isQuery: result += "+"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count < 2 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
