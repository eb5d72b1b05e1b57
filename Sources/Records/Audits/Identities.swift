// SPDX-License-Identifier: Apache-2.0
// The identity of the model and the suite of a record.

/// The exact weights of a record.
public struct ModelIdentity: Codable, Sendable, Hashable {
    /// The model's usual name; never a path.
    public var name: String
    /// The SHA-256 root over the model's files, 64 lowercase hexadecimal digits. With an adapter, a
    /// SHA-256 over both roots.
    public var digest: String
    /// The format of the files: `safetensors` or `gguf`.
    public var format: String
    /// The architecture's name as its configuration states it, such as `llama`.
    public var architecture: String
    /// How many parameters the model has.
    public var parameterCount: Int
    /// The storage type of quantised weights, such as `Q4_1`; nil when they are not quantised.
    public var quantisation: String?
    /// The adapter that was added to the weights, and the base; nil for a model without one.
    public var adapter: AdapterIdentity?

    /// Makes the identity of weights.
    public init(
        name: String, digest: String, format: String, architecture: String, parameterCount: Int,
        quantisation: String? = nil, adapter: AdapterIdentity? = nil
    ) {
        self.name = name
        self.digest = digest
        self.format = format
        self.architecture = architecture
        self.parameterCount = parameterCount
        self.quantisation = quantisation
        self.adapter = adapter
    }
}

/// The two parts of a model with an adapter.
public struct AdapterIdentity: Codable, Sendable, Hashable {
    /// The adapter's usual name; never a path.
    public var name: String
    /// The SHA-256 root over the adapter's files, 64 lowercase hexadecimal digits.
    public var digest: String
    /// The base's usual name.
    public var baseName: String
    /// The SHA-256 root over the base's files.
    public var baseDigest: String

    /// Makes the identities of an adapter and its base.
    public init(name: String, digest: String, baseName: String, baseDigest: String) {
        self.name = name
        self.digest = digest
        self.baseName = baseName
        self.baseDigest = baseDigest
    }
}

/// The suite used for measuring.
public struct SuiteIdentity: Codable, Sendable, Hashable {
    /// The suite's name, such as `canary-refusal`.
    public var name: String
    /// The suite's own version, from its manifest.
    public var version: String
    /// The SHA-256 over the suite's files, 64 lowercase hexadecimal digits.
    public var digest: String
    /// The suite's safeguard: `refusal` or `knowledge restriction`.
    public var safeguard: String

    /// Makes the identity of a suite.
    public init(name: String, version: String, digest: String, safeguard: String) {
        self.name = name
        self.version = version
        self.digest = digest
        self.safeguard = safeguard
    }
}
