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
        private readonly ?string $token = null,
        private readonly float $timeout = 30.0,
        private readonly float $connectTimeout = 5.0,
        private readonly int $maxRetries = 2,
        private readonly string $userAgent = 'plasm-php',
    ) {
        if (preg_match('#^https?://[^/?\#\s]+(/[^?\#\s]*)?$#i', $url) !== 1) {
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
        for ($tried = 1; ; $tried++) {
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
        for ($failures = 0; ;) {
            try {
                foreach ($this->connection($request, $events, $deadline) as ['type' => $type, 'data' => $data]) {
                    $failures = 0;
                    if ($type === 'end') {
                        return;
                    }
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
            $lastId = $events->lastId;
            [$events, $retryMs] = [new ServerSentEvents(), $events->retryMs];
            [$events->lastId, $events->retryMs] = [$lastId, $retryMs];
        }
    }

    private static function delayAfter(PlasmException $error, int $tried): ?float
    {
        [$status, $after] = $error instanceof ApiException ? [$error->status, $error->retryAfter] : [null, null];
        return Retry::delay($tried, $status, $after, mt_rand() / mt_getrandmax());
    }

    private function attempt(Request $request): Response
    {
        $exchange = new CurlExchange($request->options()->sink);
        $handle = $this->idle ?? curl_init();
        $this->idle = null;
        $file = $this->prepare($handle, $request, $exchange);
        $seconds = ($request->options()->timeout ?? $this->timeout) + $request->waitSeconds();
        curl_setopt_array($handle, $request->movesBytes()
            ? [CURLOPT_LOW_SPEED_LIMIT => 1, CURLOPT_LOW_SPEED_TIME => max(1, (int) ceil($seconds))]
            : [CURLOPT_TIMEOUT_MS => max(1, (int) ($seconds * 1000))]);
        curl_exec($handle);
        $number = curl_errno($handle);
        $text = curl_error($handle);
        if ($file !== null) {
            fclose($file);
        }
        $exchange->rethrow();
        if ($number !== CURLE_OK) {
            throw $this->failure($number, $text, $request);
        }
        curl_reset($handle);
        $this->idle = $handle;
        return $this->accept($exchange->response(), $request);
    }

    /**
     * One connection of a stream, until it closes.
     *
     * @return \Generator<int, array{type: string, data: string}>
     */
    private function connection(Request $request, ServerSentEvents $events, float $deadline): \Generator
    {
        $exchange = new CurlExchange(null);
        $handle = curl_init();
        $this->prepare($handle, $request, $exchange, $events->lastId);
        $multi = curl_multi_init();
        curl_multi_add_handle($multi, $handle);
        try {
            for ($heard = microtime(true), $running = 1; $running > 0;) {
                curl_multi_exec($multi, $running);
                $bytes = $exchange->isGood() ? $exchange->take() : '';
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
                throw $this->failure($number, curl_strerror($number) ?? '', $request);
            }
            $this->accept($exchange->response(), $request);
        } finally {
            curl_multi_remove_handle($multi, $handle);
            curl_multi_close($multi);
        }
    }

    private function accept(Response $response, Request $request): Response
    {
        if ($response->status >= 200 && $response->status < 300) {
            return $response;
        }
        throw ApiException::of($response, "Cannot $request->method {$request->target()}");
    }

    /** @return resource|null the open file that is being sent */
    private function prepare(\CurlHandle $handle, Request $request, CurlExchange $exchange, string $lastId = '')
    {
        // An empty "expect" keeps curl from waiting a second before it sends a large body.
        $headers = $request->headers() + ['expect' => ''];
        if ($this->token !== null) {
            $headers['authorization'] = "Bearer $this->token";
        }
        if ($lastId !== '') {
            $headers['last-event-id'] = $lastId;
        }
        $body = $request->body();
        $file = $body instanceof \SplFileInfo ? self::open($body) : null;
        $headers += $body === null && $request->method !== 'GET' ? ['content-length' => '0'] : [];
        curl_setopt_array($handle, [
            CURLOPT_URL => $this->url . $request->target(),
            CURLOPT_CUSTOMREQUEST => $request->method,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_NOPROXY => 'localhost,127.0.0.1,::1,' . (getenv('no_proxy') ?: getenv('NO_PROXY') ?: ''),
            CURLOPT_CONNECTTIMEOUT_MS => max(1, (int) ($this->connectTimeout * 1000)),
            CURLOPT_USERAGENT => $this->userAgent,
            CURLOPT_HTTPHEADER => array_map(
                static fn (string $name, string $value): string => $value === '' ? "$name:" : "$name: $value",
                array_keys($headers),
                $headers,
            ),
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => $exchange->header($line),
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => $exchange->body($bytes),
        ]);
        if ($file !== null) {
            $size = (int) fstat($file)['size'];
            curl_setopt_array($handle, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $file, CURLOPT_INFILESIZE => $size]);
        } elseif (is_string($body)) {
            curl_setopt($handle, CURLOPT_POSTFIELDS, $body);
        }
        return $file;
    }

    /** @return resource */
    private static function open(\SplFileInfo $body)
    {
        $file = $body->isFile() ? @fopen($body->getPathname(), 'rb') : false;
        return $file !== false
            ? $file
            : throw new InvalidArgumentException("Cannot read the file \"{$body->getPathname()}\"");
    }

    private function failure(int $number, string $text, Request $request): TransportException
    {
        $what = "Cannot $request->method $this->url{$request->target()}: $text";
        return match ($number) {
            CURLE_OPERATION_TIMEDOUT => new TimeoutException($what, $number),
            CURLE_COULDNT_CONNECT => new TransportException("$what. Is a node running there? `plasm serve` starts one.", $number),
            default => new TransportException($what, $number),
        };
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
