<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What the guest reads from stdin: exactly one member */
final class Stdin implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** As UTF-8 */
        public readonly ?string $text = null,
        /** Bytes, standard padded base64 */
        public readonly ?string $base64 = null,
        /** An uploaded blob */
        public readonly ?string $digest = null,
    ) {
    }
}
