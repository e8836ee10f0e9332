<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** Standard padded base64 (RFC 4648 section 4), one spelling for the same bytes. */
final class Base64
{
    /** @throws Invalid for any other spelling */
    public static function decode(string $text): string
    {
        $bytes = base64_decode($text, true);
        if ($bytes === false || base64_encode($bytes) !== $text) {
            throw new Invalid('Cannot read base64: not standard padded base64');
        }
        return $bytes;
    }
}
