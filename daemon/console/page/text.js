/*
 * The texts of the page, from the catalogue that the daemon's notices and the
 * command line use too, and how dates and numbers are written.
 */
const LANGUAGES = ['en', 'zh-CN'];
const KEY = 'tocsin.language';

let language = 'en';
let texts = {};

function preferred() {
	const asked = new URLSearchParams(location.search).get('lang');
	const kept = localStorage.getItem(KEY);
	const wish = asked || kept || navigator.language || 'en';
	return /^zh/i.test(wish) ? 'zh-CN' : 'en';
}

export async function setLanguage(lang) {
	const reply = await fetch(new URL(`${lang}.json`, import.meta.url));
	texts = await reply.json();
	language = lang;
	localStorage.setItem(KEY, lang);
	document.documentElement.lang = lang;
}

export const loadTexts = () => setLanguage(preferred());
export const currentLanguage = () => language;
export const otherLanguage = () => LANGUAGES.find((l) => l !== language);

/* The text of a key, with "{name}" replaced; the key where there is none. */
export function t(key, args) {
	const text = texts[key] ?? key;
	return args ? text.replace(/\{(\w+)\}/g, (all, name) => args[name] ?? all) : text;
}

/* The text of "prefix.value", or the value itself where it is not known. */
export function word(prefix, value) {
	return texts[`${prefix}.${value}`] ?? value ?? '';
}

/* One of "key.one" and "key.other", by the language's plural. */
export function plural(key, n) {
	const form = new Intl.PluralRules(language).select(n);
	return t(texts[`${key}.${form}`] ? `${key}.${form}` : `${key}.other`,
		{ n: number(n) });
}

/* Whatever carries both names: {name, name_zh} or {en, zh}. */
export function named(thing, prefix = '') {
	if (!thing)
		return '';
	const zh = thing[`${prefix}name_zh`] || thing.zh;
	return (language === 'zh-CN' && zh) || thing[`${prefix}name`] || thing.en || '';
}

/* What an alert is about: a short name, else the title of its trigger. */
export function subject(alert) {
	const title = (language === 'zh-CN' && alert.title_zh) || alert.title;
	return texts[`trigger.${alert.trigger}`] ?? title ?? alert.trigger;
}

export function areaPath(thing) {
	return (language === 'zh-CN' && thing.area_path_zh) || thing.area_path || thing.area;
}

const utc = (day) => new Date(`${day}T00:00:00Z`);

/* "9 Mar 2020" and "2020年3月9日"; short leaves the year out. */
export function date(day, short = false) {
	if (!day)
		return '–';
	return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
		timeZone: 'UTC', day: 'numeric', month: 'short',
		...(short ? {} : { year: 'numeric' }),
	}).format(utc(day));
}

export function weekday(day) {
	return new Intl.DateTimeFormat(language, { timeZone: 'UTC', weekday: 'short' })
		.format(utc(day));
}

export function span(from, to) {
	if (!from || from === to)
		return date(to);
	if (language !== 'en')
		return `${date(from)}–${date(to, from.slice(0, 4) === to.slice(0, 4))}`;
	return new Intl.DateTimeFormat('en-GB', {
		timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric',
	}).formatRange(utc(from), utc(to));
}

export function time(ms) {
	return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
		dateStyle: 'medium', timeStyle: 'short',
	}).format(new Date(ms));
}

/* Null is unknown, never zero. */
export function number(value, digits = 0) {
	if (value === null || value === undefined)
		return '–';
	return new Intl.NumberFormat(language, {
		maximumFractionDigits: digits,
	}).format(value);
}

/* A probability in two significant digits; very small ones as a bound. */
export function probability(p) {
	if (p === null || p === undefined)
		return '–';
	if (p < 1e-6)
		return '< 0.000001';
	return new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(p);
}

export function percent(share) {
	if (share === null || share === undefined)
		return '–';
	return new Intl.NumberFormat(language, {
		style: 'percent', maximumFractionDigits: 0,
	}).format(share);
}
