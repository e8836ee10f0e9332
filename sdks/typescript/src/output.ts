/** A job's stdout: the bytes, or what they say. */
export class Output extends Uint8Array<ArrayBuffer> {
  /** As UTF-8; what is not well-formed becomes U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this)
  }

  /** @throws {SyntaxError} */
  json(): unknown {
    return JSON.parse(this.text())
  }

  override toString(): string {
    return this.text()
  }
}
