import TestSupport
import Testing

@testable import Connectors

@Suite("Times in headers")
struct HTTPDateTests {
    @Test(
        "all three forms of RFC 9110 are read",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ])
    func forms(text: String) { #expect(httpDate(text) == 784_111_777) }

    @Test(
        "anything else is none",
        arguments: [
            "", "120", "soon", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT x", "Sun, 06 Nvo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994999999 08:49:37 GMT",
        ])
    func others(text: String) { #expect(httpDate(text) == nil) }

    private func wait(_ headers: [String: String]) -> Int? {
        HTTPResponse(
            status: 429, headers: headers.map { HTTPRequest.Header($0.key, $0.value) }, receivedBytes: 0
        ).waitSeconds
    }

    @Test("a server may ask to wait until a time, on its own clock")
    func until() {
        let now = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(wait(["Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT", "Date": now]) == 30)
        #expect(wait(["Retry-After": "Sun, 06 Nov 1994 08:49:07 GMT", "Date": now]) == 0)
        // Without it ours has to do, and that time is long past.
        #expect(wait(["Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT"]) == 0)
        #expect(wait(["Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": now]) == 1_000_000)
        #expect(wait(["Retry-After": "whenever"]) == nil)
    }
}
