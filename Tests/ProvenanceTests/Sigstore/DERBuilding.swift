// SPDX-License-Identifier: Apache-2.0
// Writes DER for the tests: what a timestamp authority, a log and an authority would send.

import Foundation
import SwiftASN1
import X509

/// Returns the DER of what a closure writes.
func der(_ write: (inout DER.Serializer) throws -> Void) rethrows -> [UInt8] {
    var serializer = DER.Serializer()
    try write(&serializer)
    return serializer.serializedBytes
}

extension DER.Serializer {
    mutating func sequence(_ write: (inout DER.Serializer) throws -> Void) rethrows {
        try appendConstructedNode(identifier: .sequence, write)
    }

    mutating func set(_ write: (inout DER.Serializer) throws -> Void) rethrows {
        try appendConstructedNode(identifier: .set, write)
    }

    mutating func tagged(
        _ number: UInt, _ write: (inout DER.Serializer) throws -> Void
    ) rethrows {
        try appendConstructedNode(
            identifier: ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific), write)
    }

    mutating func octets(_ bytes: some Sequence<UInt8>) throws {
        try serialize(ASN1OctetString(contentBytes: Array(bytes)[...]))
    }

    /// An algorithm without parameters.
    mutating func algorithm(_ identifier: ASN1ObjectIdentifier) throws {
        try sequence { try $0.serialize(identifier) }
    }

    /// A GeneralizedTime in UTC.
    mutating func time(_ date: Date) throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date)
        try serialize(
            GeneralizedTime(
                year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0,
                hours: parts.hour ?? 0, minutes: parts.minute ?? 0, seconds: parts.second ?? 0,
                fractionalSeconds: 0))
    }
}

extension ASN1ObjectIdentifier {
    static let sha256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 1]
    static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 4, 3, 2]
    static let ecdsaWithSHA384: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 4, 3, 3]
}

extension Certificate {
    var bytes: [UInt8] { get throws { try der { try $0.serialize(self) } } }
}
