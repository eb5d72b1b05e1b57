// SPDX-License-Identifier: Apache-2.0
// The open connections of a server: how many there may be, and which one makes room for another.

package import NIOCore
import Synchronization

/// One open connection.
package final class Connection: Sendable {
    private enum HangUp {
        case expected((@Sendable () -> Void)?)
        case happened
    }

    let channel: any Channel
    private let hangUp = Mutex(HangUp.expected(nil))

    init(_ channel: any Channel) { self.channel = channel }

    /// Sets what is done when the client hangs up, in place of what was set before. If the client
    /// has hung up already, it is done at once.
    package func whenClosed(_ action: (@Sendable () -> Void)?) {
        let isClosed = hangUp.withLock { state in
            if case .happened = state { return true }
            state = .expected(action)
            return false
        }
        if isClosed { action?() }
    }

    fileprivate func close() { channel.close(promise: nil) }

    fileprivate func noteClosed() {
        let action = hangUp.withLock { state -> (@Sendable () -> Void)? in
            defer { state = .happened }
            if case .expected(let action) = state { return action }
            return nil
        }
        action?()
    }
}

/// All open connections.
///
/// A connection that waits for a request gives way to a new one, the longest wait first: clients that
/// open connections and send nothing, or send slowly, keep nobody out. Connections that are answered
/// do not give way, but may never take the last ones.
package final class Connections: Sendable {
    private enum Use {
        case waiting(since: ContinuousClock.Instant)
        case answering
        case monitoring
    }

    private struct State {
        var open: [ObjectIdentifier: (connection: Connection, use: Use)] = [:]
        var isClosed = false
    }

    private let limits: ServingLimits
    private let state = Mutex(State())

    package init(_ limits: ServingLimits) { self.limits = limits }

    /// Adds a connection, and closes another one if there are too many.
    ///
    /// - Parameter channel: The connection's channel.
    /// - Returns: The connection; nil if there is no room for it.
    func open(_ channel: any Channel) -> Connection? {
        let connection = Connection(channel)
        let (isOpen, leaving) = state.withLock { state -> (Bool, Connection?) in
            guard !state.isClosed else { return (false, nil) }
            var leaving: Connection?
            if state.open.count >= limits.connectionCount {
                guard let longest = Self.longestWaiting(of: state) else { return (false, nil) }
                leaving = state.open.removeValue(forKey: longest)?.connection
            }
            state.open[ObjectIdentifier(channel)] = (connection, .waiting(since: .now))
            return (true, leaving)
        }
        leaving?.close()
        return isOpen ? connection : nil
    }

    private static func longestWaiting(of state: State) -> ObjectIdentifier? {
        var longest: (key: ObjectIdentifier, since: ContinuousClock.Instant)?
        for (key, entry) in state.open {
            guard case .waiting(let since) = entry.use else { continue }
            if let other = longest, other.since <= since { continue }
            longest = (key, since)
        }
        return longest?.key
    }

    /// Removes a connection that is closed, and tells who waits for it.
    func remove(_ connection: Connection) {
        state.withLock { $0.open[ObjectIdentifier(connection.channel)] = nil }
        connection.noteClosed()
    }

    /// Notes that a connection has delivered a request.
    ///
    /// - Parameters:
    ///   - connection: The connection.
    ///   - isMonitoring: Whether it is a request for `/health` or `/metrics`.
    /// - Returns: Whether the request may be answered.
    func beginAnswer(_ connection: Connection, isMonitoring: Bool) -> Bool {
        state.withLock { state in
            let key = ObjectIdentifier(connection.channel)
            // Another connection may have taken its place meanwhile.
            guard state.open[key] != nil else { return false }
            if !isMonitoring {
                let answering = state.open.values.count {
                    if case .answering = $0.use { true } else { false }
                }
                let most = max(1, limits.connectionCount - limits.monitoringShare)
                guard answering < most else { return false }
            }
            state.open[key]?.use = isMonitoring ? .monitoring : .answering
            return true
        }
    }

    /// Notes that a connection waits for its next request.
    func endAnswer(_ connection: Connection) {
        state.withLock {
            $0.open[ObjectIdentifier(connection.channel)]?.use = .waiting(since: .now)
        }
    }

    /// Returns the connection of a channel, or nil if it is closed.
    package func connection(of channel: any Channel) -> Connection? {
        state.withLock { $0.open[ObjectIdentifier(channel)]?.connection }
    }

    /// The number of open connections.
    package var count: Int { state.withLock { $0.open.count } }

    /// Closes all connections, and every new one at once.
    package func closeAll() {
        let open = state.withLock { state in
            state.isClosed = true
            return state.open.values.map(\.connection)
        }
        for connection in open { connection.close() }
    }
}
