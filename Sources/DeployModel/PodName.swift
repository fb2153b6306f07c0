/// A Kubernetes pod name taken apart into the workload that owns it and the tail that its controller added.
///
/// Tails, from the sources of the controllers (see `docs/attribution.md`): a Deployment adds the template hash
/// and five random characters, a ReplicaSet, DaemonSet or Job five random characters, a CronJob the scheduled
/// minute (or second) and five random characters, a StatefulSet an ordinal. The random characters come from an
/// alphabet of 27 without vowels; the hash is drawn from ten of them, but older and foreign controllers do not
/// keep to the ten.
public struct PodName: Sendable, Hashable {
    /// What kind of controller the tail belongs to.
    public enum Controller: String, Sendable, Hashable {
        /// `<workload>-<template hash>-<random>`.
        case deployment
        /// `<workload>-<scheduled time>-<random>`.
        case cronJob
        /// `<workload>-<random>`: DaemonSet, Job, ReplicaSet or ReplicationController.
        case replicated
        /// `<workload>-<ordinal>`.
        case statefulSet
        /// No tail that a controller makes.
        case none
    }

    /// The name of the owning workload; the whole name when no tail was recognised.
    public let workload: String
    /// The pod-template hash of a Deployment's pod.
    public let templateHash: String?
    /// The kind of controller.
    public let controller: Controller

    /// Takes a name apart by its tail alone. Never fails: a name without a known tail is its own workload.
    public init(_ name: String) {
        let bytes = name.utf8
        // Most texts end as no pod does, and are not looked at any further.
        guard let hyphen = bytes.suffix(6).lastIndex(of: UInt8(ascii: "-")), hyphen > bytes.startIndex else {
            self.init(workload: name, templateHash: nil, controller: .none)
            return
        }
        let last = bytes[bytes.index(after: hyphen)...]
        let isRandom = last.count == 5 && last.allSatisfy(Self.isSafe)
        if isRandom, let other = bytes[..<hyphen].lastIndex(of: UInt8(ascii: "-")), other > bytes.startIndex {
            let middle = name[bytes.index(after: other)..<hyphen]
            let workload = String(name[..<other])
            if Self.isScheduledTime(middle) {
                self.init(workload: workload, templateHash: nil, controller: .cronJob)
                return
            }
            if Self.isTemplateHash(middle) {
                self.init(workload: workload, templateHash: String(middle), controller: .deployment)
                return
            }
        }
        // Five letters of an ordinary word pass for random ones ("redis-proxy" has vowels, "my-hbgwb" does not): the alphabet has no
        // vowels, which is what keeps words out.
        let isOrdinal = (1...4).contains(last.count) && last.allSatisfy { (0x30...0x39).contains($0) }
        let controller: Controller = isOrdinal ? .statefulSet : isRandom ? .replicated : .none
        self.init(
            workload: controller == .none ? name : String(name[..<hyphen]), templateHash: nil,
            controller: controller)
    }

    private init(workload: String, templateHash: String?, controller: Controller) {
        self.workload = workload
        self.templateHash = templateHash
        self.controller = controller
    }

    /// `bcdfghjklmnpqrstvwxz2456789`, the alphabet of the random tail.
    static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"),
            UInt8(ascii: "y"):
            false
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "2"), UInt8(ascii: "4")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Six to ten characters of the safe alphabet with at least one digit, eight to ten hexadecimal digits
    /// (clusters before 1.8 or so), or ten characters of the safe alphabet whatever they are.
    static func isTemplateHash(_ text: Substring) -> Bool {
        let bytes = text.utf8
        let hasDigit = bytes.contains { (0x30...0x39).contains($0) }
        if (6...10).contains(bytes.count), bytes.allSatisfy(isSafe) { return hasDigit || bytes.count >= 8 }
        return (8...10).contains(bytes.count) && hasDigit
            && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Unix minutes (8 digits) or Unix seconds (10 digits).
    static func isScheduledTime(_ text: Substring) -> Bool {
        (text.utf8.count == 8 || text.utf8.count == 10) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
