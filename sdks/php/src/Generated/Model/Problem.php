<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What went wrong, and what to do next (RFC 9457) */
final class Problem implements \JsonSerializable
{
    use Http\Wire;

    public const CODE_INVALID = 'invalid';
    public const CODE_UNKNOWN_FIELD = 'unknownField';
    public const CODE_UNSUPPORTED = 'unsupported';
    public const CODE_UNKNOWN_DIGEST = 'unknownDigest';
    public const CODE_DIGEST_MISMATCH = 'digestMismatch';
    public const CODE_MODULE_REJECTED = 'moduleRejected';
    public const CODE_TOO_LARGE = 'tooLarge';
    public const CODE_QUOTA_EXCEEDED = 'quotaExceeded';
    public const CODE_NOT_FOUND = 'notFound';
    public const CODE_NOT_FINISHED = 'notFinished';
    public const CODE_NO_RECEIPT = 'noReceipt';
    public const CODE_CONFLICT = 'conflict';
    public const CODE_IDEMPOTENCY_CONFLICT = 'idempotencyConflict';
    public const CODE_STALE = 'stale';
    public const CODE_BUSY = 'busy';
    public const CODE_REFUSED = 'refused';
    public const CODE_NO_PEER = 'noPeer';
    public const CODE_TIMED_OUT = 'timedOut';
    public const CODE_CANCELLED = 'cancelled';
    public const CODE_PROTOCOL = 'protocol';
    public const CODE_MEDIA_TYPE = 'mediaType';
    public const CODE_METHOD_NOT_ALLOWED = 'methodNotAllowed';
    public const CODE_UNAUTHORIZED = 'unauthorized';
    public const CODE_FORBIDDEN = 'forbidden';
    public const CODE_MISDIRECTED = 'misdirected';
    public const CODE_RATE_LIMITED = 'rateLimited';
    public const CODE_UNAVAILABLE = 'unavailable';
    public const CODE_INTERNAL = 'internal';

    public function __construct(
        /** A URI that names the kind of problem */
        public readonly string $type,
        /** The kind of problem, for a person */
        public readonly string $title,
        /** The HTTP status */
        public readonly int $status,
        /** What happened this time, for a person */
        public readonly string $detail,
        /** urn:uuid: of this request: the same as x-request-id, and in the node log */
        public readonly string $instance,
        /** What a program can act on; more may be added */
        public readonly string $code,
        /** The next step, for a person */
        public readonly string $hint,
        /** JSON pointer (RFC 6901) to the member at fault */
        public readonly ?string $pointer = null,
    ) {
    }
}
