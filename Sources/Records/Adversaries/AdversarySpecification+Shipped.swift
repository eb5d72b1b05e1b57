// SPDX-License-Identifier: Apache-2.0
// What follows from the parameters of Temper's own attacks without the tensor engine: with which
// seeds an adversary must run, and for how many steps.

extension AdversarySpecification {
    /// What decides the number of steps of an attack.
    private enum Length {
        /// It measures the model once.
        case one
        /// A whole number at a path in the parameters.
        case parameter([String])
        /// The optimizer steps at a path in the parameters.
        case steps([String])
        /// The steps of the last of several attacks.
        case lastStage
    }

    /// Temper's own attacks. A test compares them with the catalogue of attacks.
    private static let shipped: [String: (dependsOnSeed: Bool, length: Length)] = {
        let training = Length.steps(["training", "steps"])
        return [
            controlAttack: (false, .one),
            "activation-offsets": (true, training),
            "canonicalisation": (false, .one),
            "composed": (true, .lastStage),
            "delta-stripping": (false, .one),
            "distillation": (true, training),
            "few-shot-override": (true, .one),
            "fine-tuning": (true, training),
            "identity-shift": (true, training),
            "inserted-layer": (true, training),
            "jailbreak-tuning": (true, training),
            "latent-perturbation": (true, .steps(["steps"])),
            "least-squares-removal": (true, .one),
            "magnitude-pruning": (false, .one),
            "multi-direction-orthogonalisation": (true, .one),
            "prefill": (false, .one),
            "quantisation-round-trip": (false, .one),
            "reft": (true, training),
            "soft-prompt": (true, .steps(["steps"])),
            "system-prompt-override": (false, .one),
            "task-vector-subtraction": (false, .one),
            "tuned-orthogonalisation": (true, .one),
            "weight-interpolation": (false, .one),
            "weight-noise": (true, .one),
            "weight-orthogonalisation": (true, .parameter(["directions"])),
        ]
    }()

    /// Whether the attack is one of Temper's own.
    public var isShipped: Bool { Self.shipped[attack] != nil }

    /// Whether other seeds may give other results, so that the adversary must run with every seed.
    ///
    /// Of Temper's own attacks this is known by their names. Any other attack depends on the seed
    /// unless ``ignoresSeed`` says otherwise.
    public var dependsOnSeed: Bool {
        Self.shipped[attack]?.dependsOnSeed ?? (ignoresSeed != true)
    }

    /// Returns the step at which the adversary ends if it does not break the safeguard before.
    ///
    /// - Parameter budget: The most steps of the audit; nil without a limit.
    /// - Returns: The step; nil for an attack that is not one of Temper's own, and where the
    ///   parameters do not state it.
    public func lastStep(within budget: Int?) -> Int? {
        let last = lastStage
        if last.isControl { return 0 }
        switch Self.shipped[last.attack]?.length {
        case nil, .lastStage: return nil
        case .one: return 1
        case .parameter(let path), .steps(let path):
            let value = path.reduce(.object(last.parameters) as ParameterValue?) {
                $0?.object?[$1]
            }
            return value?.integer.map { min($0, max(budget ?? $0, 1)) }
        }
    }

    /// Whether each step of the trace is an optimizer step, so that it is paid for.
    var paysForSteps: Bool {
        if case .steps = Self.shipped[lastStage.attack]?.length { true } else { false }
    }

    /// The last of the attacks that the adversary is composed of, or the adversary itself. Only its
    /// steps are measured.
    private var lastStage: AdversarySpecification {
        guard case .lastStage = Self.shipped[attack]?.length,
            let last = parameters["stages"]?.list?.last?.object,
            let attack = last["attack"]?.string
        else { return self }
        return AdversarySpecification(
            name: name, attack: attack, parameters: last["parameters"]?.object ?? [:]
        ).lastStage
    }
}
