// SPDX-License-Identifier: Apache-2.0
// An interrupted measurement leaves no process behind.

import Foundation
import Synchronization

/// What an interruption of this program ends too.
private let running = Mutex<Set<Int32>>([])

extension Process {
    /// From now on an interruption of this program ends the process too.
    func endsWhenInterrupted() {
        running.withLock { _ = $0.insert(processIdentifier) }
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                // A process that is started or waited for right now may be left to itself.
                running.withLockIfAvailable { $0.forEach { kill($0, SIGTERM) } }
                _exit(128 + number)
            }
        }
    }

    /// Waits until the process has ended by itself.
    func waitUntilEnded() {
        waitUntilExit()
        running.withLock { _ = $0.remove(processIdentifier) }
    }
}
