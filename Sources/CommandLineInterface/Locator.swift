// SPDX-License-Identifier: Apache-2.0
// Finds models and suites by path or by name.

package import Foundation
import JSONText

/// Finds models and suites that a user names: by path, or by name in the project's own folders.
///
/// The folders are searched for beside the working directory and the executable, and in the folders
/// above them, so that `.build/release/temper` finds `.deps/models` and `Suites` from anywhere.
/// `TEMPER_MODELS` and `TEMPER_SUITES` come first.
package struct Locator {
    package let modelFolders: [URL]
    package let suiteFolders: [URL]

    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let starts = [
            URL(fileURLWithPath: FileManager.default.currentDirectoryPath),
            Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent(),
        ]
        let parents = starts.compactMap { $0 }.flatMap { start in
            sequence(first: start) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }
        }
        func folders(_ variable: String, _ name: String) -> [URL] {
            let stated = environment[variable].map { [URL(fileURLWithPath: $0)] } ?? []
            return stated + parents.map { $0.appendingPathComponent(name) }
        }
        modelFolders = folders("TEMPER_MODELS", ".deps/models")
        suiteFolders = folders("TEMPER_SUITES", "Suites")
    }

    /// Returns models by name: a folder with a config.json, or a .gguf file.
    package func models() -> [(name: String, url: URL)] {
        var seen: Set<String> = []
        return modelFolders.flatMap { entries(of: $0) }
            .filter { url in
                let attributes = try? url.resourceValues(forKeys: [.isSymbolicLinkKey])
                return attributes?.isSymbolicLink != true
                    && (url.pathExtension == "gguf"
                        || exists(url.appendingPathComponent("config.json")))
            }
            .map { (name: modelName($0), url: $0) }
            .filter { seen.insert($0.name).inserted }
    }

    package func model(_ text: String) throws -> URL {
        if exists(URL(fileURLWithPath: text)) { return URL(fileURLWithPath: text) }
        if let match = models().first(where: { $0.name == text }) { return match.url }
        let names = models().map(\.name)
        throw InputError(
            text, "no such file or directory, and no model of that name",
            remedy: names.isEmpty
                ? "run scripts/bootstrap to fetch one"
                : "models: \(names.joined(separator: ", "))")
    }

    package func suite(_ text: String) throws -> URL {
        let path = URL(fileURLWithPath: text)
        if exists(path) { return path }
        let named = suiteFolders.map { $0.appendingPathComponent(text) }
        if let match = named.first(where: { exists($0.appendingPathComponent("manifest.json")) }) {
            return match
        }
        let suites = suiteFolders.flatMap { entries(of: $0) }
            .filter { exists($0.appendingPathComponent("manifest.json")) }
        let names = Set(suites.map(\.lastPathComponent)).sorted().joined(separator: ", ")
        throw InputError(
            text, "no such directory, and no suite of that name", remedy: "suites: \(names)")
    }

    /// Returns the directory of labelled answers: by path, or by name in the folders of suites.
    package func labelledAnswers(_ text: String) throws -> URL {
        let places =
            [URL(fileURLWithPath: text)]
            + suiteFolders.map { $0.appendingPathComponent(text) }
        if let match = places.first(where: { exists($0.appendingPathComponent("unseen.jsonl")) }) {
            return match
        }
        throw InputError(
            text, "no directory of labelled answers",
            remedy: "name a directory with choosing.jsonl and unseen.jsonl")
    }

    private func modelName(_ url: URL) -> String {
        url.pathExtension == "gguf"
            ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
    }

    private func exists(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: url.path)
    }

    private func entries(of folder: URL) -> [URL] {
        let entries = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (entries ?? []).sorted { $0.path < $1.path }
    }
}
