<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ApiException;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\PlasmException;
use Plasm\Exception\ProtocolException;
use Plasm\Exception\TimeoutException;
use Plasm\Exception\TransportException;

/** Over ext-curl, connections kept open between calls. Never follows redirects, never logs the token. */
final class CurlTransport implements Transport
{
    /** A stream that says nothing for so long is dead: the node says something every 10 s. */
    private const STREAM_SILENCE_SECONDS = 30.0;
    /** Broken connections in a row, without an event between them, before a stream is given up. */
    private const STREAM_FAILURES_MAX = 5;

    private readonly string $url;
    private ?\CurlHandle $idle = null;

    /**
     * @param string $url http or https, where the node's API is
     * @param string|null $token sent as a bearer token
     * @param float $timeout seconds for a call; for raw bytes: without progress
     * @param int $maxRetries further tries, only of calls that may be repeated
     */
    public function __construct(
        string $url,
        #[\SensitiveParameter] private readonly ?string $token = null,
        private readonly float $timeout = 30.0,
        private readonly float $connectTimeout = 5.0,
        private readonly int $maxRetries = 2,
        private readonly string $userAgent = 'plasm-php',
    ) {
        if (preg_match('#^https?://[^/?\#\s@]+(/[^?\#\s]*)?$#iD', $url) !== 1) {
            throw new InvalidArgumentException("Cannot use the address \"$url\": http://HOST:PORT was expected");
        }
        if (preg_match('/[^\x21-\x7e]/', $token ?? '') === 1) {
            throw new InvalidArgumentException('Cannot use the token: it holds a space or a character that is not ASCII');
        }
        $this->url = rtrim($url, '/');
    }

    public function send(Request $request): Response
    {
        $retries = $request->isRepeatable() ? $request->options()->maxRetries ?? $this->maxRetries : 0;
        for ($tried = 1;; $tried++) {
            try {
                return $this->attempt($request);
            } catch (ApiException | TransportException $error) {
                $delay = $tried > $retries ? null : self::delayAfter($error, $tried);
                if ($delay === null) {
                    throw $error;
                }
                Retry::pause($delay);
            }
        }
    }

    public function stream(Request $request): \Generator
    {
        $deadline = $request->options()->timeout === null ? INF : microtime(true) + $request->options()->timeout;
        $events = new ServerSentEvents();
        $seen = '';
        for ($failures = 0;;) {
            try {
                foreach ($this->connection($request, $events, $deadline) as ['type' => $type, 'id' => $id, 'data' => $data]) {
                    if ($type === 'end') {
                        return;
                    }
                    // What was seen before the connection broke is not shown twice, whatever the node resumes with.
                    if (ctype_digit($id) && ctype_digit($seen) && (int) $id <= (int) $seen) {
                        continue;
                    }
                    [$failures, $seen] = [0, $id];
                    yield self::decode($data);
                }
                $error = new TransportException("The stream of {$request->target()} ended before its last event");
            } catch (ApiException | TransportException $error) {
                // Taken up again below, unless it says that this makes no sense.
            }
            $delay = self::delayAfter($error, ++$failures);
            if ($delay === null || $failures > self::STREAM_FAILURES_MAX || $error instanceof TimeoutException) {
                throw $error;
            }
            Retry::pause(min(max($delay, $events->retryMs / 1000), max(0, $deadline - microtime(true))));
            $events = $events->resumed($seen);
        }
    }

    private static function delayAfter(PlasmException $error, int $tried): ?float
    {
        [$status, $after] = $error instanceof ApiException ? [$error->status, $error->retryAfter] : [null, null];
        return Retry::delay($tried, $status, $after, mt_rand() / mt_getrandmax());
    }

    private function attempt(Request $request): Response
    {
        $handle = $this->idle ?? curl_init();
        $this->idle = null;
        $call = $this->call($handle, $request);
        $seconds = ($request->options()->timeout ?? $this->timeout) + $request->waitSeconds();
        curl_setopt_array($handle, $request->movesBytes()
            ? [CURLOPT_LOW_SPEED_LIMIT => 1, CURLOPT_LOW_SPEED_TIME => max(1, (int) ceil($seconds))]
            : [CURLOPT_TIMEOUT_MS => max(1, (int) ($seconds * 1000))]);
        curl_exec($handle);
        $number = curl_errno($handle);
        $text = curl_error($handle);
        $call->exchange->rethrow();
        if ($number !== CURLE_OK) {
            throw $call->failure($number, $text);
        }
        curl_reset($handle);
        $this->idle = $handle;
        return $call->answer();
    }

    /**
     * One connection of a stream, until it closes.
     *
     * @return \Generator<int, array{type: string, id: string, data: string}>
     */
    private function connection(Request $request, ServerSentEvents $events, float $deadline): \Generator
    {
        $handle = curl_init();
        $call = $this->call($handle, $request, $events->lastId);
        $multi = curl_multi_init();
        curl_multi_add_handle($multi, $handle);
        try {
            for ($heard = microtime(true), $running = 1; $running > 0;) {
                curl_multi_exec($multi, $running);
                $call->exchange->rethrow();
                $bytes = $call->exchange->isGood() ? $call->exchange->take() : '';
                if ($bytes !== '') {
                    $heard = microtime(true);
                    yield from $events->push($bytes);
                }
                $now = microtime(true);
                if ($now >= $deadline) {
                    throw new TimeoutException("The time for {$request->target()} is over");
                }
                if ($now - $heard > self::STREAM_SILENCE_SECONDS) {
                    throw new TransportException("The stream of {$request->target()} went silent");
                }
                if ($running > 0) {
                    curl_multi_select($multi, min(1.0, $deadline - $now));
                }
            }
            $number = curl_multi_info_read($multi)['result'] ?? CURLE_OK;
            if ($number !== CURLE_OK) {
                throw $call->failure($number, curl_strerror($number) ?? '');
            }
            $call->answer();
        } finally {
            curl_multi_remove_handle($multi, $handle);
            curl_multi_close($multi);
        }
    }

    private function call(\CurlHandle $handle, Request $request, string $lastId = ''): CurlCall
    {
        $call = new CurlCall($request, $this->url);
        $headers = $lastId === '' ? [] : ['last-event-id' => $lastId];
        $call->prepare($handle, $this->token === null ? $headers : $headers + ['authorization' => "Bearer $this->token"]);
        curl_setopt_array($handle, [
            CURLOPT_CONNECTTIMEOUT_MS => max(1, (int) ($this->connectTimeout * 1000)),
            CURLOPT_USERAGENT => $this->userAgent,
        ]);
        return $call;
    }

    private static function decode(string $data): mixed
    {
        try {
            return json_decode($data, true, 16, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            throw ProtocolException::expected('an event', $data);
        }
    }
}
