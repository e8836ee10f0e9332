<?php

declare(strict_types=1);

namespace Plasm\Http;

/** How calls reach the node. Give a Client another one to use another HTTP library, or none. */
interface Transport
{
    /**
     * Sends it, again where that is safe, and answers with a 2xx response.
     *
     * @throws \Plasm\Exception\PlasmException
     */
    public function send(Request $request): Response;

    /**
     * The data of a stream's events as they come, until the stream says that it has ended; broken connections are resumed.
     *
     * @return \Generator<int, mixed>
     * @throws \Plasm\Exception\PlasmException
     */
    public function stream(Request $request): \Generator;
}
