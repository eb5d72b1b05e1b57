// SPDX-License-Identifier: Apache-2.0
// Refusals and JSON as Hummingbird's responses.

package import Hummingbird
package import ModelRequests

extension RefusedRequest: HTTPResponseError {
    package func response(from request: Request, context: some RequestContext) throws -> Response {
        Response(status: status, headers: headers, body: .init(byteBuffer: .init(string: json)))
    }
}

extension JSONBody {
    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let text = try text(value)
        return Response(
            status: status, headers: [.contentType: type],
            body: .init(byteBuffer: .init(string: text)))
    }
}
