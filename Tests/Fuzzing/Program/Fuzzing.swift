import FuzzTargets

#if FUZZER
    import Glibc

    // Built with `--sanitize fuzzer -Xswiftc -DFUZZER`: libFuzzer has the `main`, and calls this. `FUZZ_TARGET` chooses.

    private let chosen: FuzzTarget = {
        let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            fatalError("FUZZ_TARGET is one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        }
        return target
    }()

    /// An input that takes longer is a finding, as a crash is. Time of the processor: what else the machine does is not the input's fault.
    private let mostSeconds = 4

    /// One input of libFuzzer's.
    @_cdecl("LLVMFuzzerTestOneInput")
    public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let input = Array(UnsafeBufferPointer(start: start, count: count))
        let start = clock()
        do { try chosen.run(input) } catch { fatalError("\(chosen.name): \(error)") }
        guard clock() - start <= mostSeconds * Int(CLOCKS_PER_SEC) else {
            fatalError("\(chosen.name): takes more than \(mostSeconds) seconds")
        }
        return 0
    }

    /// Every other change is one of ours, which know lines and words; the rest are libFuzzer's own.
    @_cdecl("LLVMFuzzerCustomCrossOver")
    public func crossOver(
        _ first: UnsafePointer<UInt8>?, _ firstCount: Int, _ second: UnsafePointer<UInt8>?,
        _ secondCount: Int,
        _ output: UnsafeMutablePointer<UInt8>?, _ room: Int, _ seed: UInt32
    ) -> Int {
        var mutation = Mutation(seed: UInt64(seed), longest: room)
        let changed = mutation.changed(
            Array(UnsafeBufferPointer(start: first, count: firstCount)),
            with: Array(UnsafeBufferPointer(start: second, count: secondCount)))
        guard let output else { return 0 }
        for (index, byte) in changed.enumerated() { output[index] = byte }
        return changed.count
    }
#else
    /// Tries inputs without libFuzzer, and looks for what takes long.
    ///
    /// ```
    /// Fuzzing seeds FOLDER          writes what inputs are made from, a folder a target
    /// Fuzzing mutate COUNT [TARGET] tries so many changed inputs of each target
    /// Fuzzing repeat BYTES [TARGET] tries each word as many times over as fit, and half of that
    /// Fuzzing try TARGET FILE…      tries some files
    /// ```
    @main
    struct Fuzzing {
        static func main() throws {
            let arguments = Array(CommandLine.arguments.dropFirst())
            func targets(_ index: Int) -> [FuzzTarget] {
                FuzzTarget.all.filter { arguments.count <= index || $0.name == arguments[index] }
            }
            switch arguments.first {
            case "seeds" where arguments.count == 2:
                for target in FuzzTarget.all {
                    try write(target.seeds(), to: "\(arguments[1])/\(target.name)")
                }
            case "mutate" where arguments.count >= 2:
                for target in targets(2) { mutate(target, count: Int(arguments[1]) ?? 1000) }
            case "repeat" where arguments.count >= 2:
                for target in targets(2) { repeated(target, bytes: Int(arguments[1]) ?? 65_536) }
            case "try" where arguments.count >= 3:
                for target in targets(1) where target.name == arguments[1] {
                    for path in arguments.dropFirst(2) { report(target, try read(path), label: path) }
                }
            default:
                print(
                    "Fuzzing seeds FOLDER | mutate COUNT [TARGET] | repeat BYTES [TARGET] | try TARGET FILE…")
            }
        }

        private static func report(_ target: FuzzTarget, _ input: [UInt8], label: String) {
            let clock = ContinuousClock()
            var problem = "kept its promises"
            let time = clock.measure {
                do { try target.run(input) } catch { problem = "BROKEN \(error)" }
            }
            print("\(target.name) \(label): \(problem), \(time)")
        }

        private static func mutate(_ target: FuzzTarget, count: Int) {
            let seeds = target.seeds()
            let clock = ContinuousClock()
            var slowest = Duration.zero
            let time = clock.measure {
                for index in 0..<count {
                    var mutation = Mutation(seed: UInt64(index), longest: target.longest)
                    let input = mutation.changed(
                        seeds[index % seeds.count], with: seeds[index / 7 % seeds.count])
                    let start = clock.now
                    do { try target.run(input) } catch {
                        print("\(target.name) seed \(index): BROKEN \(error)")
                        try? write([input], to: "broken-\(target.name)-\(index)")
                    }
                    let own = clock.now - start
                    slowest = max(slowest, own)
                    if own > .seconds(1) {
                        print("\(target.name) seed \(index): SLOW \(own)")
                        try? write([input], to: "slow-\(target.name)-\(index)")
                    }
                }
            }
            print("\(target.name): \(count) inputs in \(time), the slowest \(slowest)")
        }

        /// What takes more than its length's share longer when it is twice as long.
        private static func repeated(_ target: FuzzTarget, bytes: Int) {
            let clock = ContinuousClock()
            let heads =
                [[]] + (target.name == "configuration" ? configurationPaths.indices.map { [UInt8($0)] } : [])
            let seeds = target.seeds().filter { $0.count < 2048 }
            let prefixes = heads + seeds.map { Array($0) }
            for (number, prefix) in prefixes.enumerated() {
                for word in Mutation.words + Mutation.words.map({ $0 + [0x0A] })
                    + Mutation.words.map({ $0 + [0x61] })
                {
                    func time(_ count: Int) -> Duration {
                        let input = prefix + Array(repeatElement(word, count: count / word.count).joined())
                        return clock.measure {
                            do { try target.run(input) } catch { print("\(target.name): BROKEN \(error)") }
                        }
                    }
                    let half = time(bytes / 2)
                    guard half > .milliseconds(40) else { continue }
                    let whole = time(bytes)
                    let name = String(decoding: word, as: UTF8.self).debugDescription
                    if whole > half * 3 || whole > .seconds(1) {
                        print(
                            "\(target.name) prefix \(number) \(name): \(half) for half, \(whole) for \(bytes)"
                        )
                    }
                }
            }
        }
    }
#endif
