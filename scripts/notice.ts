/**
 * Writes NOTICE from the licences of the packages in what is built:
 *
 *     deno run -A scripts/notice.ts           writes NOTICE
 *     deno run -A scripts/notice.ts --check   exits with 1 when it is not current
 *
 * The runtime is named without its version: NOTICE belongs to the sources, the SBOM to what is built.
 */
import { writeOrCheck } from "./generated.ts";
import { CLIENT, PAGE, PROGRAM, thirdParties, type ThirdParty } from "./third_parties.ts";

/** What a package asks to be named as, where its archive does not have the file that says so. */
const ATTRIBUTIONS: Readonly<Record<string, string>> = {
  "lightweight-charts": `TradingView Lightweight Charts™
Copyright (c) 2025 TradingView, Inc. https://www.tradingview.com/`,
};

const MIT_CONDITIONS = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.`;

const BSD_3_CLAUSE = `Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice,
   this list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.
3. Neither the name of Google Inc. nor the names of its contributors may be
   used to endorse or promote products derived from this software without
   specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE
LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.`;

const RULE = "-".repeat(78);

const packages = await thirdParties([PROGRAM, PAGE, CLIENT]);
await writeOrCheck(
  "NOTICE",
  "scripts/notice.ts",
  [
    `Ranger
Copyright 2026 the contributors of Ranger
Licensed under the Apache License, Version 2.0: LICENSE.

The program holds the software of others that is named below, each under its
licence. Which versions a release has is in its SBOM. Where a licence is the
Apache License, Version 2.0, its text is that of LICENSE.`,
    `Deno, the runtime. https://deno.com
MIT

Copyright 2018-2026 the Deno authors

${MIT_CONDITIONS}

Deno is linked from libraries that the file Cargo.lock of its sources lists.`,
    `V8, Deno's engine. https://v8.dev
BSD-3-Clause

Copyright 2014, the V8 project authors. All rights reserved.

${BSD_3_CLAUSE}`,
    ...packages.map(entry),
  ].join(`\n\n${RULE}\n\n`) + "\n",
);

function entry(each: ThirdParty): string {
  const { name, homepage, licence, noticeText } = each;
  return [
    `${name}${homepage ? `. ${homepage.replace(/#readme$/, "")}` : ""}\n${licence}`,
    ATTRIBUTIONS[name],
    noticeText,
    licence === "Apache-2.0" ? undefined : licenceOf(each),
  ].filter((part) => part !== undefined).map(trimmed).join("\n\n");
}

/** Its text; a package under MIT without one gets that of MIT, in its author's name. */
function licenceOf({ name, author, licence, licenceText }: ThirdParty): string {
  if (licenceText !== undefined) return licenceText;
  if (licence === "MIT" && author) return `Copyright (c) ${author}\n\n${MIT_CONDITIONS}`;
  throw new Error(`${name} has no text of its licence, ${licence}`);
}

function trimmed(text: string): string {
  return text.replace(/\r/g, "").replace(/[ \t]+$/gm, "").replace(/^\n+|\n+$/g, "");
}
