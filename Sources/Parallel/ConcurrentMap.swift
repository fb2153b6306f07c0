import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many cores there are to work with, no more than ``boundWorkers(to:)`` allows.
public func availableCores() -> Int {
    max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), mostWorkers.load(ordering: .relaxed)))
}

/// Says how many threads may work at once, for the whole process: far from the ends nobody knows what the user asked for.
public func boundWorkers(to count: Int) { mostWorkers.store(count, ordering: .relaxed) }

private let mostWorkers = Atomic(Int.max)

/// Does the same to each of some values, several at a time.
///
/// - Parameters:
///   - values: what to do it to.
///   - workers: how many threads there may be at once; with one, everything happens here and in order.
///   - body: what to do.
/// - Returns: the results in the order of the values, whichever was ready first.
/// - Throws: the error of the first value that has one.
public func concurrentMap<Value: Sendable, Output: Sendable, Failure: Error>(
    _ values: [Value], workers: Int, _ body: @Sendable (Value) throws(Failure) -> Output
) throws(Failure) -> [Output] {
    var outputs: [Output] = []
    outputs.reserveCapacity(values.count)
    guard workers > 1, values.count > 1 else {
        for value in values { outputs.append(try body(value)) }
        return outputs
    }
    let next = Atomic(0)
    let results = Mutex([Result<Output, Failure>?](repeating: nil, count: values.count))
    DispatchQueue.concurrentPerform(iterations: min(workers, values.count)) { _ in
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < values.count else { return }
            let result: Result<Output, Failure>
            do throws(Failure) { result = .success(try body(values[index])) } catch {
                result = .failure(error)
            }
            results.withLock { $0[index] = result }
        }
    }
    for result in results.withLock({ $0 }) {
        if let output = try result?.get() { outputs.append(output) }
    }
    return outputs
}
