<?php

declare(strict_types=1);

namespace Plasm\Tests;

use PHPUnit\Framework\TestCase;
use Plasm\Exception\ApiException;
use Plasm\Exception\InvalidRequestException;
use Plasm\Exception\TooLargeException;
use Plasm\Exception\UnsupportedException;
use Plasm\Http\CurlTransport;
use Plasm\Http\Request;

/** The manifests of phase/vectors that are refused: by a real node, and each becomes the exception that its code has. */
final class ManifestsTest extends TestCase
{
    private const CLASSES = [
        'invalid' => InvalidRequestException::class, 'unknownField' => InvalidRequestException::class,
        'unsupported' => UnsupportedException::class, 'tooLarge' => TooLargeException::class,
    ];

    /** @return iterable<string, array{string, string, string|null}> */
    public static function refused(): iterable
    {
        $text = (string) file_get_contents(__DIR__ . '/../../../phase/vectors/manifests.json');
        foreach (json_decode($text, true)['refused'] as $vector) {
            yield $vector['name'] => [$vector['manifest'], $vector['code'], $vector['pointer'] ?? null];
        }
    }

    /** @dataProvider refused */
    public function testAManifestIsRefused(string $manifest, string $code, ?string $pointer): void
    {
        $request = (new Request('POST', '/v1/jobs', 'application/json'))->raw($manifest, 'application/json');
        try {
            (new CurlTransport((string) getenv('PLASM_URL')))->send($request);
            self::fail('accepted');
        } catch (ApiException $error) {
            // A lone surrogate is no JSON to a node: it is refused before the manifest is looked at.
            $isText = preg_match('/\\\\ud[89a-f]/', $manifest) !== 1;
            self::assertSame($code, $error->errorCode);
            self::assertInstanceOf(self::CLASSES[$code], $error);
            if ($isText && $pointer !== '') {
                self::assertSame($pointer, $error->pointer);
            }
            self::assertNotSame('', (string) $error->hint);
            self::assertMatchesRegularExpression('/^[0-9a-f-]{36}$/', (string) $error->requestId);
        }
    }
}
