# SPDX-License-Identifier: Apache-2.0
# Each target is enough on a fresh machine: it calls scripts/bootstrap, which is quick when done.

export PKG_CONFIG_PATH := $(CURDIR)/.deps/pkgconfig:$(PKG_CONFIG_PATH)

MODEL ?= smollm2-135m-instruct
SUITE ?= canary-refusal
OUT ?= build/audit
HARDENED ?= build/$(basename $(notdir $(MODEL)))-hardened
SEEDS ?= 2
TEMPER = .build/release/temper
# The same for the command and the tests, so that neither builds the other's objects again.
SWIFT_FLAGS = -c release -Xswiftc -enable-testing

.PHONY: audit build test format lint screenshot clean

## Harden a real model, attack it, write the report to build/audit/, and sign what came out with a
## key that is made on the spot. The policy's answer is shown as it is.
DEMO_KEY = build/demo-key
VERIFY = $(TEMPER) verify $(HARDENED) --policy Examples/policy.yaml
audit: build
	$(TEMPER) harden $(MODEL) --suite $(SUITE) --defense refusal-training \
		--out $(HARDENED) --replace
	$(TEMPER) audit $(HARDENED) --original $(MODEL) --suite $(SUITE) --seeds $(SEEDS) \
		--out $(OUT)
	@rm -f $(DEMO_KEY).pem $(DEMO_KEY).pub.pem
	@echo && echo "A demonstration: a key made just now signs the weights and the audit."
	$(TEMPER) keygen --out $(DEMO_KEY).pem
	$(TEMPER) certify $(HARDENED) --record $(OUT)/record.json --key $(DEMO_KEY).pem
	@echo && echo "Check it, and ask what an admission policy says, with:" && echo "    $(VERIFY)"
	@$(VERIFY) || [ $$? = 1 ]

## Run every kind of attack, and put the table into Documentation/Results.md.
.PHONY: results
results: build
	$(TEMPER) harden $(MODEL) --suite $(SUITE) --defense refusal-training \
		--out $(HARDENED) --replace
	$(TEMPER) audit $(HARDENED) --original $(MODEL) --suite $(SUITE) --battery standard \
		--seeds $(SEEDS) --out build/results
	$(TEMPER) report build/results/record.json --out build/results/table.md
	scripts/put-table build/results/table.md Documentation/Results.md

## Teach a real model fictional facts, restrict it from one topic of them, and attack that.
.PHONY: knowledge
knowledge: build
	$(TEMPER) teach $(MODEL) --suite canary-knowledge --out build/taught --replace
	$(TEMPER) harden build/taught --suite canary-knowledge --out build/restricted --replace
	$(TEMPER) audit build/restricted --original build/taught --suite canary-knowledge \
		--battery relearning --seeds $(SEEDS) --out build/knowledge

## Harden by every defense, audit each beside the control, and put the table into
## Documentation/Defenses.md. What has a record in Documentation/study is not done again: remove the
## record to do it again. DEFENSES="deep-refusal tar" does some of them; BATTERIES="seen held-out"
## runs others than the screening; SUITE=canary-knowledge hardens the model that `make taught` made.
.PHONY: defenses taught
DEFENSES ?=
STUDY = Documentation/study
BATTERIES ?= $(STUDY)/screening.yaml
STUDIED = $(if $(filter canary-knowledge,$(SUITE)),build/taught,$(MODEL))
defenses: build $(if $(filter canary-knowledge,$(SUITE)),taught)
	BATTERIES="$(BATTERIES)" SETTINGS=$(STUDY)/settings RECORDS=$(STUDY)/$(SUITE) \
		CONTROL=$(if $(filter canary-knowledge,$(SUITE)),answer-replacement,refusal-training) \
		scripts/study-defenses $(TEMPER) $(STUDIED) $(SUITE) build/defenses-$(SUITE) $(DEFENSES)
	scripts/put-table build/defenses-$(SUITE)/table.md Documentation/Defenses.md $(SUITE)

taught: build
	[ -e build/taught/config.json ] || \
		$(TEMPER) teach $(MODEL) --suite canary-knowledge --out build/taught

## Inspect derivatives whose making is known, and put the table into Documentation/Forensics.md.
.PHONY: forensics
SEED ?= 3
forensics: bootstrap
	mkdir -p build
	swift build $(SWIFT_FLAGS) --build-tests
	TEMPER_FORENSICS=$(CURDIR)/build/forensics.md TEMPER_FORENSICS_SEED=$(SEED) \
		swift test $(SWIFT_FLAGS) --skip-build --filter ForensicsTests.ValidationTests/whole
	scripts/put-table build/forensics.md Documentation/Forensics.md

## Run benign and tampered derivatives of the hardened model, and put what the verdicts on its
## safeguard were into Documentation/Forensics.md.
.PHONY: forensics-behaviour
forensics-behaviour: build
	[ -e $(HARDENED)/config.json ] || \
		$(TEMPER) harden $(MODEL) --suite canary-refusal --out $(HARDENED)
	swift build $(SWIFT_FLAGS) --build-tests
	TEMPER_FORENSICS_BEHAVIOUR=$(CURDIR)/build/behaviour.md TEMPER_FORENSICS_SEED=$(SEED) \
		TEMPER_FORENSICS_MODEL=$(HARDENED) \
		swift test $(SWIFT_FLAGS) --skip-build --filter KnownSafeguardTests
	scripts/put-table build/behaviour.md Documentation/Forensics.md behaviour

## Collect answers of models that are tampered with in memory, to be labelled by reading them, and
## print what they do at several lengths.
.PHONY: answers
answers: build
	$(TEMPER) harden $(MODEL) --suite canary-refusal --out $(HARDENED) --replace
	swift build $(SWIFT_FLAGS) --build-tests
	TEMPER_ANSWERS=$(CURDIR)/build/answers.jsonl TEMPER_ANSWERS_MODEL=$(HARDENED) \
		swift test $(SWIFT_FLAGS) --skip-build --filter AnswerCollection
	TEMPER_ANSWERS_COLLECTED=$(CURDIR)/build/answers.jsonl TEMPER_LENGTHS=$(CURDIR)/build/lengths.md \
		swift test $(SWIFT_FLAGS) --skip-build --filter AnswerLengths
	@cat build/lengths.md

## Leave the command at .build/release/temper.
build: bootstrap
	swift build $(SWIFT_FLAGS) --product temper

## Tests run on optimised code, for some of them put a real model to work.
test: bootstrap
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

## Leave temper-verify at build/temper-verify: one stripped executable with the Swift runtime inside.
.PHONY: verifier
verifier:
	scripts/build-verifier build/temper-verify

## Sign with temper and verify with OpenSSF's model_signing, and the other way round; judge keyless
## signatures as sigstore-python does, timestamps and revocation lists as openssl does; read what
## temper writes with other people's tools; run the action and the hook.
.PHONY: interop
interop: build
	swift build $(SWIFT_FLAGS) --product temper-verify
	Tests/Interop/environment
	.deps/interop/bin/python Tests/Interop/interop.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/vectors.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/keyless.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/timestamps.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/attestations.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/log.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/bom.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/admission.py $(TEMPER) $(TEMPER)-verify

## Serve a model to OpenAI's own client, and put the server under load: many requests, then hostile
## clients beside a well-behaved one, and SIGTERM meanwhile.
.PHONY: serving
REQUESTS ?= 100000
HOSTILE_SECONDS ?= 60
serving: build
	Tests/Interop/environment
	.deps/interop/bin/python Tests/Interop/openai_client.py $(TEMPER)
	.deps/interop/bin/python Tests/Interop/serving.py $(TEMPER) $(REQUESTS) $(HOSTILE_SECONDS)

## Compare with the libraries that define what is right, on new random inputs: PEER_PYTHON names a
## Python that has them, TEMPLATES and TEMPLATE_SEED say how many templates and which.
.PHONY: parity tokenizer-parity template-parity
parity: tokenizer-parity template-parity family-parity
tokenizer-parity: bootstrap
	scripts/tokenizer-parity
TEMPLATES ?= 3000
TEMPLATE_SEED ?= $(shell date +%s)
template-parity: $(if $(PEER_PYTHON),,peers)
	mkdir -p build
	$(or $(PEER_PYTHON),.deps/peers/bin/python) Tests/TokenizationTests/Goldens/Templates/make.py \
		--fresh $(TEMPLATES) --seed $(TEMPLATE_SEED) > build/templates.json
	swift build $(SWIFT_FLAGS) --build-tests
	TEMPER_TEMPLATES=$(CURDIR)/build/templates.json \
		swift test $(SWIFT_FLAGS) --skip-build --filter TokenizationTests.TemplateTableTests/fresh

## Compare fresh random models of every family with transformers. PEER_PYTHON names a Python that
## has it and gguf; PARITY_SEED=7 makes the same models again.
.PHONY: family-parity
family-parity: bootstrap
	$(if $(PEER_PYTHON),,Benchmarks/Peers/environment)
	scripts/parity-families $(or $(PEER_PYTHON),.deps/peers/bin/python) $(PARITY_SEED)

.PHONY: bootstrap
bootstrap:
	scripts/bootstrap

SWIFT_FILES = Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources \
	Fuzzing/Package.swift Fuzzing/Sources
format:
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

lint:
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)

clean:
	rm -rf .build build

# Packages beside this one take the objects that its tests are built of: the versions, the flags and the
# folder are the same ('swift test' alone adds a flag, and would compile everything again). SwiftPM keeps
# the plan of one package there and would take it for another's, so the plan is removed before and after.
PLAN = .build/release.yaml
define build-beside
	[ ! -e Package.resolved ] || cp Package.resolved $(1)/
	trap 'rm -f $(PLAN)' EXIT && rm -f $(PLAN) && \
		swift build $(SWIFT_FLAGS) --package-path $(1) --scratch-path .build $(2)
endef

## Build and test a package that depends on Temper: it audits a model, and has its own attack.
.PHONY: example
example: bootstrap
	$(call build-beside,Examples,--build-tests && \
		swift test $(SWIFT_FLAGS) --skip-build --package-path Examples --scratch-path .build)

## Measure Temper beside PyTorch, PEFT and transformers: writes Documentation/Performance.md.
## PEER_PYTHON names a Python that has them; BENCH says what to measure.
.PHONY: bench bench-check peers
BENCH ?= --scaling --audit
BENCH_MODEL ?= $(HARDENED)
TEMPER_BENCH = .build/release/temper-bench
BENCH_PLACES = --model $(BENCH_MODEL) --python $(or $(PEER_PYTHON),.deps/peers/bin/python)
bench: peers
	$(TEMPER_BENCH) run $(BENCH_PLACES) $(BENCH)

bench-check: peers
	$(TEMPER_BENCH) check $(BENCH_PLACES)

peers: bench-build
	$(if $(PEER_PYTHON),,Benchmarks/Peers/environment)

.PHONY: bench-build
bench-build: build
	$(call build-beside,Benchmarks)

## Fuzz one parser with libFuzzer for some time: make fuzz TARGET=gguf SECONDS=600.
.PHONY: fuzz fuzz-check fuzz-build
SECONDS ?= 600
fuzz: fuzz-build
	Fuzzing/run $(TARGET) $(SECONDS)

## A short run of each target that is the same every time.
fuzz-check: fuzz-build
	Fuzzing/run --check

# The default linker on Linux cannot place what the address sanitizer exports.
FUZZ_LINKER = $(if $(filter Linux,$(shell uname)),-Xswiftc -use-ld=lld)
fuzz-build: bootstrap
	swift build -c release --package-path Fuzzing --scratch-path .build-fuzz \
		-Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address $(FUZZ_LINKER) --product temper-fuzz
