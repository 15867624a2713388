// What the page takes from preact and htm, in one file: see README.md here.
import { h, render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import htm from "htm";

const html = htm.bind(h);
export { html, render, useEffect, useMemo, useRef, useState };
