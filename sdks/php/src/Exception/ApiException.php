<?php

declare(strict_types=1);

namespace Plasm\Exception;

use Plasm\Http\Response;

/**
 * The node refused: RFC 9457, with a code for programs and a hint for people. Codes that a caller can act on have classes of their own.
 */
class ApiException extends \RuntimeException implements PlasmException
{
    /** @var array<string, class-string<ApiException>> */
    private const CLASSES = [
        'invalid' => InvalidRequestException::class,
        'unknownField' => InvalidRequestException::class,
        'unsupported' => UnsupportedException::class,
        'moduleRejected' => ModuleRejectedException::class,
        'unknownDigest' => UnknownDigestException::class,
        'tooLarge' => TooLargeException::class,
        'quotaExceeded' => QuotaExceededException::class,
        'notFound' => NotFoundException::class,
        'noReceipt' => NoReceiptException::class,
        'notFinished' => NotFinishedException::class,
        'conflict' => ConflictException::class,
        'stale' => ConflictException::class,
        'idempotencyConflict' => IdempotencyConflictException::class,
        'noPeer' => NoPeerException::class,
        'unauthorized' => UnauthorizedException::class,
        'forbidden' => ForbiddenException::class,
        'misdirected' => ForbiddenException::class,
        'busy' => BusyException::class,
        'unavailable' => BusyException::class,
        'rateLimited' => RateLimitedException::class,
    ];

    /** What a proxy in between means, which knows no codes. */
    private const CODES = [
        401 => 'unauthorized', 403 => 'forbidden', 404 => 'notFound', 413 => 'tooLarge', 429 => 'rateLimited', 502 => 'unavailable',
        503 => 'unavailable', 504 => 'unavailable',
    ];

    /**
     * @param int $status the HTTP status
     * @param string $errorCode what a program can act on, e.g. notFound; more may be added
     * @param string|null $hint the next step, for a person
     * @param string|null $requestId the same as in the node's log
     * @param string|null $pointer JSON pointer to the member at fault
     * @param float|null $retryAfter seconds after which another try makes sense
     */
    final public function __construct(
        string $message,
        public readonly int $status,
        public readonly string $errorCode,
        public readonly ?string $hint = null,
        public readonly ?string $requestId = null,
        public readonly ?string $pointer = null,
        public readonly ?float $retryAfter = null,
    ) {
        parent::__construct($message, $status);
    }

    public static function of(Response $response, string $what): self
    {
        $problem = json_decode($response->body, true, 16);
        $said = static fn (string $name): ?string =>
            is_array($problem) && is_string($problem[$name] ?? null) ? $problem[$name] : null;
        $code = $said('code') ?? self::CODES[$response->status] ?? 'internal';
        $detail = $said('detail') ?? "$what: the node answered with status $response->status";
        $hint = $said('hint');
        return new (self::CLASSES[$code] ?? self::class)(
            $hint === null ? $detail : rtrim($detail, '.') . ". $hint",
            $response->status,
            $code,
            $hint,
            $response->header('x-request-id') ?? preg_replace('/^urn:uuid:/', '', $said('instance') ?? '') ?: null,
            $said('pointer'),
            $response->retryAfter(),
        );
    }
}
