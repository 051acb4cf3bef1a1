// The pages of walks and scenarios have a sheet of their own.
import './trying.css';
