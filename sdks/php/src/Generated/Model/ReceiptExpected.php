<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What the caller knows by other ways */
final class ReceiptExpected implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** did:key or peer id that must have signed: pins the key */
        public readonly ?string $executor = null,
        /** Who asked */
        public readonly ?string $submitter = null,
        /** For which job */
        public readonly ?string $jobId = null,
        /** Which nonce */
        public readonly ?string $nonce = null,
        /** sha256 of the request's payload bytes */
        public readonly ?string $request = null,
        /** Which module */
        public readonly ?string $module = null,
        /** @var list<string>|null Which arguments */
        #[Http\ListOf('string')] public readonly ?array $args = null,
        /** @var array<string, string>|null Which environment */
        #[Http\MapOf('string')] public readonly ?array $env = null,
        /** sha256 of what was sent as stdin */
        public readonly ?string $stdin = null,
        /** sha256 of what was received as stdout */
        public readonly ?string $stdout = null,
        /** sha256 of what was received as stderr */
        public readonly ?string $stderr = null,
    ) {
    }
}
