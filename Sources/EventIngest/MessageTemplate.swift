/// A message with its changing parts (numbers, hexadecimal ids, uuids) replaced by `*`, cut at 80 characters.
func messageTemplate(_ message: UnsafeRawBufferPointer) -> String {
    var template: [UInt8] = []
    var index = 0
    while index < message.count, template.count < 80 {
        let byte = message[index]
        guard isTokenByte(byte) else {
            template.append(byte < 0x20 ? 0x20 : byte)
            index += 1
            continue
        }
        let start = index
        var digits = 0
        var isHexadecimal = true
        while index < message.count,
            isTokenByte(message[index]) || (message[index] == UInt8(ascii: "-") && digits > 0)
        {
            let byte = message[index]
            if (0x30...0x39).contains(byte) { digits += 1 }
            if !((0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
                || byte == UInt8(ascii: "-"))
            {
                isHexadecimal = false
            }
            index += 1
        }
        let length = index - start
        // Short codes such as 401 or http2 carry meaning; long numbers and ids do not.
        let isID =
            digits == length
            ? length > 3 : (isHexadecimal && digits > 0 && length >= 8) || digits * 2 > length
        if isID {
            if template.last != UInt8(ascii: "*") { template.append(UInt8(ascii: "*")) }
        } else {
            template.append(contentsOf: message[start..<index])
        }
    }
    return String(decoding: template.prefix(80), as: UTF8.self)
}

private func isTokenByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80
        || byte == UInt8(ascii: "_")
}
