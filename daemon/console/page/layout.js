/*
 * Where the circles and names of a map go: pure, in pixels, the same for the
 * same areas and width.  Knows nothing of signals; "rank" says whose name
 * comes first where there is no room for all.
 */
const KM_A_DEGREE = 111.32;
const LEAST = 10;
const MOST = 30;
const MARGIN = 44;
const LINE = 16;
const FOOT = 22; /* for the scale, below all circles */
const STEPS = 60;
const CROWD = 400;

const known = (x) => x !== null && x !== undefined;
export const placed = (a) => known(a.lat) && known(a.lon);

/* Pixels of the points in a frame as wide as it may be; north is up. */
function project(areas, width) {
	const lats = areas.map((a) => a.lat);
	const lons = areas.map((a) => a.lon);
	const [south, north] = [Math.min(...lats), Math.max(...lats)];
	const [west, east] = [Math.min(...lons), Math.max(...lons)];
	const squeeze = Math.cos((south + north) / 2 * Math.PI / 180);
	const dx = Math.max((east - west) * squeeze, 1e-3);
	const dy = Math.max(north - south, 1e-3);
	const inner = width - 2 * MARGIN;
	const most = Math.min(width, 540, 120 + 110 * Math.sqrt(areas.length));
	const height = Math.round(Math.min(Math.max(inner * dy / dx, 120), most)) + 2 * MARGIN;
	const scale = Math.min(inner / dx, (height - 2 * MARGIN) / dy);
	const points = areas.map((a) => ({
		area: a,
		x: width / 2 + (a.lon - (west + east) / 2) * squeeze * scale,
		y: height / 2 - (a.lat - (south + north) / 2) * scale,
	}));
	return { points, height, scale };
}

/* The area of a circle goes with the people; unknown ones are the least. */
function size(points, width, height) {
	const most = Math.max(...points.map((p) => p.area.population || 0), 1);
	const room = Math.min(Math.max(0.3 * Math.sqrt(width * height / points.length), LEAST + 4), MOST);
	for (const p of points)
		p.r = Math.max(room * Math.sqrt((p.area.population || 0) / most), LEAST);
}

/* Pushes circles that lie on each other apart, each a little. */
function spread(points, width, height) {
	for (let step = 0; step < STEPS && points.length <= CROWD; step++) {
		let moved = false;
		for (let i = 0; i < points.length; i++)
			for (let j = i + 1; j < points.length; j++) {
				const [a, b] = [points[i], points[j]];
				const far = Math.hypot(b.x - a.x, b.y - a.y);
				const lack = a.r + b.r + 3 - far;
				if (lack <= 0)
					continue;
				const [ux, uy] = far > 0.01 ? [(b.x - a.x) / far, (b.y - a.y) / far] : [Math.cos(j), Math.sin(j)];
				a.x -= ux * lack / 2; a.y -= uy * lack / 2;
				b.x += ux * lack / 2; b.y += uy * lack / 2;
				moved = true;
			}
		for (const p of points) {
			p.x = Math.min(Math.max(p.x, p.r + 2), width - p.r - 2);
			p.y = Math.min(Math.max(p.y, p.r + 2), height - p.r - 2);
		}
		if (!moved)
			break;
	}
}

const textWidth = (text) => [...text].reduce((w, c) => w + (c > '\u2e80' ? 13 : 7), 0);
const apart = (a, b) => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

/* The four places of a name about its circle, the best first. */
function places(p, text) {
	const w = textWidth(text);
	const box = (x, y, anchor) => {
		const left = { start: x, middle: x - w / 2, end: x - w }[anchor];
		return { x, y, anchor, left, right: left + w, top: y - LINE + 4, bottom: y + 3 };
	};
	return [box(p.x, p.y + p.r + LINE - 2, 'middle'), box(p.x + p.r + 5, p.y + 4, 'start'),
		box(p.x - p.r - 5, p.y + 4, 'end'), box(p.x, p.y - p.r - 5, 'middle')];
}

/* Gives each point a label {x, y, anchor}, or none where there is no room. */
function label(points, width, height, name, rank) {
	const taken = points.map((p) => ({ of: p, left: p.x - p.r, right: p.x + p.r, top: p.y - p.r, bottom: p.y + p.r }));
	for (const p of points.slice().sort((a, b) => rank(b.area) - rank(a.area) || b.r - a.r)) {
		p.label = places(p, name(p.area)).find((box) => box.left >= 1 && box.right <= width - 1 && box.top >= 1
			&& box.bottom <= height - 1 && taken.every((other) => other.of === p || apart(box, other)));
		if (p.label)
			taken.push(p.label);
	}
}

/* A round length for the scale: {km, px}. */
function ruler(scale, width) {
	const most = width / 4 / scale * KM_A_DEGREE;
	const step = 10 ** Math.floor(Math.log10(most));
	const km = [5, 2, 1].find((n) => n * step <= most) * step;
	return { km, px: km / KM_A_DEGREE * scale };
}

/*
 * {height, ruler, points: [{area, x, y, r, label}]}, the largest first so that
 * the small ones lie on top.
 */
export function layout(areas, width, name, rank) {
	const { points, height, scale } = project(areas, width);
	size(points, width, height);
	spread(points, width, height);
	label(points, width, height, name, rank);
	points.sort((a, b) => b.r - a.r);
	return { points, height: height + FOOT, ruler: areas.length > 1 ? ruler(scale, width) : null };
}
