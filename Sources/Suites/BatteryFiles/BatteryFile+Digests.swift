// SPDX-License-Identifier: Apache-2.0
// The digests of the batteries that ship, known without the attacks that spell them out.

extension BatteryFile {
    /// The SHA-256 of each shipped battery, as `temper batteries NAME` prints it. A policy that names
    /// a battery without a digest means exactly this one. A test computes them with the attacks.
    public static let shippedDigests = [
        "adaptive":
            "7b607cdbffc194d0fe9e7709ef0f2b589a3e784c197f307037a33597b39bfe06",
        "badllama":
            "7d2cf98bf75fd983f0bc367f8ec7134539f79f9d9ae417599e4d232f71e483ed",
        "base-dependent":
            "c4edcd1df0da78377a76fa2e9c7ff1123f22aac06d734e4c06a9396c5ca3ceca",
        "exhaustive":
            "4300e4b86667938bd490f78d81b01d847cb97d8da0753ecfbca74dc0868c460a",
        "halloran":
            "2b366fc2de9100d26bc19490ec10077fa759b5011a5131f6983c51e67078668d",
        "held-out":
            "b8951c176a2a0a30699a11386a3eb16923df957c925328a460256aa83bdf207d",
        "immunization":
            "bdf863df03d3187623f12923b2005529e9bc99e3b57958dbf915f60a3cc24766",
        "quick":
            "13c4808796c660f74ee86cf599a9e7f3fbf940cc89b5b36caf207dc7a3b330f0",
        "relearning":
            "63ee4173131dd6f5814275cdb765129a6cb2c4c63fb40e640ffa73d4e11ce564",
        "seen":
            "3ea23ff06e80db3e5d3e1b3d4809fe58a3e3db58a0341a47a5adbc154e7797ac",
        "standard":
            "734b424cc263600b825f624ba4e3f12a4dcfd362fabf4420c2ae38d63c6e1fb0",
        "tamperbench":
            "2f73e74da54c6fa79185471e09c8ff4375ca9302f90814e5654da6d5324ac4e8",
        "tar-28":
            "25812db399e2aadf3861b710b43f6a7db62870df25d9ad8265a6dd268edfdbb1",
    ]
}
