// SPDX-License-Identifier: Apache-2.0
// Loads the model that a command works on, with the adapter on it.

import CommandLineInterface
import LanguageModels

extension ModelOptions {
    /// Loads the model, and adds the adapter to its weights if one is named.
    func load() throws -> LanguageModel {
        let model = try LanguageModel(at: location())
        return try adapterLocation().map { try model.merging(StoredAdapter(at: $0)) } ?? model
    }
}
