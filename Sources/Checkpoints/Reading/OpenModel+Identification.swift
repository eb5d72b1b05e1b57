// SPDX-License-Identifier: Apache-2.0
// Opens the model that a path names, so that the identified files are the loaded ones.

public import Foundation
import JSONText

extension OpenModel {
    /// Opens all files of the model that a path names, digests them and holds them open.
    ///
    /// This is how a model is identified before it is audited, hardened or fine-tuned. Load the
    /// model from this value, at ``url``, and not from the path. A file that is replaced afterwards
    /// then has no effect.
    ///
    /// - A `.gguf` file is a model by itself.
    /// - A directory is the model with all of its files, as ``ModelDigest/init(of:ignoring:)`` lists
    ///   them: a symbolic link to a regular file counts as that file.
    /// - A `.safetensors` file, or an index of such files, stands for the directory around it: its
    ///   configuration and tokenizer are loaded from there. It must hold the weights that the
    ///   directory itself would be opened with. Otherwise the directory's digest would not say which
    ///   weights were loaded.
    ///
    /// - Parameter url: A directory, a `.safetensors` file, an index of such files or a `.gguf` file.
    /// - Throws: An `InputError` when the path names no model or is ambiguous, or a file cannot be
    ///   read, is a special file or a link to anything but a regular file, has a name that is not
    ///   UTF-8, or changes meanwhile.
    public init(identifying url: URL) throws {
        // Checked first, because hashing can take minutes.
        let place = try Self.place(of: url)
        self = try ModelFiles(of: place, ignoring: ModelDigest.leftOut, followsLinks: true)
            .hashed(holdingFiles: true)
    }

    /// The settings of an adapter, beside its weights.
    public static let adapterConfigurationName = "adapter_config.json"

    /// Opens all files of an adapter's directory, digests them and holds them open.
    ///
    /// - Parameter url: The directory in which PEFT saved the adapter.
    /// - Throws: An `InputError` when the directory holds no adapter that can be read safely, or as
    ///   ``init(identifying:)`` does.
    public init(identifyingAdapter url: URL) throws {
        let access = FileAccess(root: url, model: nil)
        guard access.isDirectory == true,
            access.exists(url.appending(path: Self.adapterConfigurationName))
        else {
            throw InputError(
                url, nil, "is no directory with \(Self.adapterConfigurationName)",
                remedy: "name the directory that PEFT saved the adapter in")
        }
        guard access.exists(url.appending(path: Source.adapterName)) else {
            let pickle = "adapter_model.bin"
            let isPickle = access.exists(url.appending(path: pickle))
            throw InputError(
                url.appending(path: isPickle ? pickle : Source.adapterName), nil,
                isPickle
                    ? "is a pickle, which can run code when it is read" : "does not exist",
                remedy: isPickle
                    ? "convert it: load the adapter with PEFT and save it with save_pretrained, "
                        + "which writes \(Source.adapterName)"
                    : "name the directory that PEFT saved the adapter in")
        }
        self = try ModelFiles(of: url, ignoring: ModelDigest.leftOut, followsLinks: true)
            .hashed(holdingFiles: true)
    }

    /// Returns the directory or single file that holds all of a model.
    private static func place(of url: URL) throws -> URL {
        let access = FileAccess(root: url, model: nil)
        let named = try Source(url, access)
        guard access.isDirectory == false, let directory = named.directory else { return url }
        let whole = try? Source(directory, FileAccess(root: directory, model: nil))
        guard let whole, whole.fileNames == named.fileNames else {
            throw InputError(
                url, nil,
                "does not hold the weights that its directory is opened with, so that the "
                    + "directory's digest does not identify them",
                remedy: "name the directory, or copy the file with its config.json and tokenizer "
                    + "into a directory of its own")
        }
        return directory
    }
}

extension Source {
    /// The names of the files that hold the weights, and of their index.
    fileprivate var fileNames: [String] {
        (weights + [index?.file].compactMap { $0 }).map(\.lastPathComponent)
    }
}
